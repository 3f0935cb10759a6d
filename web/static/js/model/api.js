// The HTTP side of the protocol.

import { Problem } from "./problem.js";

/** How long an answer may take, in ms. */
const PATIENCE = 20_000;

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
    const problem = problemOf(answer, data);
    if (token && (problem.code === "unauthenticated" || problem.code === "token_expired")) this.onSignedOut(problem.code);
    throw problem;
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
   * @returns {Promise<any[]>}
   */
  async list(path, most = 1000) {
    const items = [];
    let cursor = "";
    do {
      const page = await this.get(`${path}?limit=200${cursor && "&cursor=" + encodeURIComponent(cursor)}`);
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

/** @param {Response} answer @param {any} data */
function problemOf(answer, data) {
  const wait = Number(answer.headers.get("Retry-After")) * 1000 || 0;
  if (typeof data?.code === "string") return new Problem(data.code, data.detail, wait);
  return new Problem(answer.status >= 500 ? "unavailable" : "internal", answer.statusText, wait);
}
