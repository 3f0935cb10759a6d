// The HTTP side of the protocol.

import { Problem } from "./problem.js";

/** How long an answer may take, in ms; and one that is large. */
const PATIENCE = 20_000;
const PATIENCE_LARGE = 300_000;

export class Api {
  /** @param {() => string} token of the sign-in; "" if there is none */
  constructor(token) {
    this.token = token;
    /** Told when an answer says that the sign-in is over. @type {(code: string) => void} */
    this.onSignedOut = () => {};
  }

  /**
   * @param {string} method
   * @param {string} path below /v1
   * @param {object} [body]
   * @returns {Promise<any>}
   */
  async call(method, path, body) {
    const token = this.token();
    /** @type {Record<string, string>} */
    const headers = {};
    if (token) headers["Authorization"] = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    let answer;
    let text;
    try {
      answer = await fetch("/v1" + path, {
        method,
        headers,
        body: body && JSON.stringify(body),
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.timeout(PATIENCE),
      });
      text = await answer.text();
    } catch {
      throw new Problem("offline");
    }
    const data = parse(text);
    if (answer.ok) return data;
    throw this.#refused(problemOf(answer.status, answer.headers.get("Retry-After"), data));
  }

  /**
   * The bytes of a medium. Tokens never stand in a URL, so nothing that needs one
   * can be an address in the page; it is read here and shown from memory.
   * @param {string} path
   * @returns {Promise<Blob>}
   */
  async blob(path) {
    try {
      const headers = { Authorization: `Bearer ${this.token()}` };
      const answer = await fetch("/v1" + path, { headers, credentials: "omit", signal: AbortSignal.timeout(PATIENCE_LARGE) });
      if (answer.ok) return await answer.blob();
      throw this.#refused(problemOf(answer.status, answer.headers.get("Retry-After"), parse(await answer.text())));
    } catch (err) {
      throw err instanceof Problem ? err : new Problem("offline");
    }
  }

  /**
   * Sends a file, and tells how far that is: fetch cannot, so it is the older way.
   * @param {string} path
   * @param {Blob} file
   * @param {string} name
   * @param {(part: number) => void} progress between 0 and 1
   * @param {AbortSignal} signal
   * @returns {Promise<any>}
   */
  upload(path, file, name, progress, signal) {
    return new Promise((done, fail) => {
      const form = new FormData();
      form.append("file", file, name);
      const request = new XMLHttpRequest();
      request.open("POST", "/v1" + path);
      request.setRequestHeader("Authorization", `Bearer ${this.token()}`);
      request.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total);
      request.onload = () => {
        const data = parse(request.responseText);
        if (request.status < 300) done(data);
        else fail(this.#refused(problemOf(request.status, request.getResponseHeader("Retry-After"), data)));
      };
      request.onerror = request.onabort = () => fail(new Problem("offline"));
      signal.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }

  /** @param {Problem} problem */
  #refused(problem) {
    if (this.token() && (problem.code === "unauthenticated" || problem.code === "token_expired")) this.onSignedOut(problem.code);
    return problem;
  }

  /** @param {string} path @returns {Promise<any>} */
  get(path) {
    return this.call("GET", path);
  }

  /** @param {string} path @param {object} [body] @returns {Promise<any>} */
  post(path, body) {
    return this.call("POST", path, body);
  }

  /** @param {string} path @param {object} [body] @returns {Promise<any>} */
  put(path, body) {
    return this.call("PUT", path, body);
  }

  /** @param {string} path @param {object} body @returns {Promise<any>} */
  patch(path, body) {
    return this.call("PATCH", path, body);
  }

  /** @param {string} path @returns {Promise<any>} */
  delete(path) {
    return this.call("DELETE", path);
  }

  /**
   * All of a paged list, up to `most` items.
   * @param {string} path
   * @param {number} [most]
   * @param {Record<string, string>|""} [query]
   * @returns {Promise<any[]>}
   */
  async list(path, most = 1000, query = "") {
    const items = [];
    let cursor = "";
    do {
      const page = await this.get(`${path}?${new URLSearchParams({ limit: "200", ...(query || {}), ...(cursor && { cursor }) })}`);
      items.push(...page.items);
      cursor = page.next ?? "";
    } while (cursor && items.length < most);
    return items;
  }
}

/** A path with parts that may hold any character. @param {TemplateStringsArray} strings @param {string[]} parts */
export const at = (strings, ...parts) => String.raw({ raw: strings }, ...parts.map((p) => encodeURIComponent(p)));

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return text ? JSON.parse(text) : null;
  } catch {
    return null;
  }
}

/** @param {number} status @param {string|null} retryAfter in seconds @param {any} data */
function problemOf(status, retryAfter, data) {
  const wait = Number(retryAfter) * 1000 || 0;
  if (typeof data?.code === "string") return new Problem(data.code, data.detail, wait);
  return new Problem(status === 413 ? "too_large" : status >= 500 ? "unavailable" : "internal", String(status), wait);
}
