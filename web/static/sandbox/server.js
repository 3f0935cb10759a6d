// Who talks to the server from this page: the made-up people, by sign-ins that the
// sandbox gives out, and their apps, by their secrets.

const PATIENCE_MS = 20_000;
const PREFIX = "teahouse.sandbox.";

/** @typedef {{status: number, ok: boolean, data: any}} Answer */

/** What this page remembers. @param {string} key @returns {any} */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key @param {unknown} value */
export const remember = (key, value) => localStorage.setItem(PREFIX + key, JSON.stringify(value));

export class Refused extends Error {
  /** @param {Answer} answer */
  constructor({ status, data }) {
    const fields = (data?.errors ?? []).map((/** @type {any} */ e) => `${e.pointer} ${e.detail}`).join("; ");
    super(status === 0 ? "The server does not answer." : `${data?.detail ?? "Status " + status}${fields ? ` (${fields})` : ""}`);
    this.code = data?.code ?? "offline";
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: unknown, raw?: BodyInit, type?: string, authorization?: string}} [what] body is sent as JSON, raw as it is
 * @returns {Promise<Answer>} whatever it is; status 0: none came
 */
export async function ask(method, path, { body, raw, type, authorization } = {}) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (authorization) headers["Authorization"] = authorization;
  if (type || body !== undefined) headers["Content-Type"] = type ?? "application/json";
  try {
    const answer = await fetch(path, {
      method, headers, body: raw ?? (body === undefined ? undefined : JSON.stringify(body)), cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await answer.text();
    let data = null;
    try {
      data = text ? JSON.parse(text) : null;
    } catch {
      data = text;
    }
    return { status: answer.status, ok: answer.ok, data };
  } catch {
    return { status: 0, ok: false, data: null };
  }
}

/** What was answered, if it was what was asked for. @param {Answer} answer @returns {any} */
export function good(answer) {
  if (!answer.ok) throw new Refused(answer);
  return answer.data;
}

/** Signs one of the made-up people in. @param {string} user @param {string} device @returns {Promise<string>} the token */
export async function signIn(user, device) {
  return good(await ask("POST", "/sandbox/session", { body: { user, device } })).token;
}

/** A caller that gets itself a token, and a new one when that has ended. */
class Caller {
  /** @type {Promise<string>|null} */
  #token = null;

  /** @param {() => Promise<string>} token */
  constructor(token) {
    this.enter = token;
  }

  /** @param {string} method @param {string} path below /v1 @param {object} [what] as ask has it @returns {Promise<Answer>} */
  async try(method, path, what = {}) {
    for (let again = 0; ; again++) {
      this.#token ??= this.enter();
      let token;
      try {
        token = await this.#token;
      } catch (err) {
        this.#token = null;
        throw err;
      }
      const answer = await ask(method, "/v1" + path, { ...what, authorization: "Bearer " + token });
      if (answer.status !== 401 || again > 0) return answer;
      this.#token = null;
    }
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  async call(method, path, body) {
    return good(await this.try(method, path, { body }));
  }

  /** @param {string} path of a paged list */
  async list(path) {
    return (await this.call("GET", `${path}?limit=100`)).items;
  }
}

/** @type {Map<string, Caller>} */
const callers = new Map();

/** The clock was moved: the tokens of apps' servers, which live for two hours, may have ended. */
export function clockMoved() {
  for (const name of callers.keys()) if (name.startsWith("app-")) callers.delete(name);
}

/** @param {string} name @param {() => Promise<string>} token */
function caller(name, token) {
  let c = callers.get(name);
  if (!c) callers.set(name, (c = new Caller(token)));
  return c;
}

/** One of the made-up people, at this page. @param {string} user */
export const person = (user) => caller(user, () => signIn(user, "Sandbox"));

/** An app's server. @param {string} app @param {string} secret */
export const server = (app, secret) =>
  caller(`${app} ${secret}`, async () => {
    const form = { raw: "grant_type=client_credentials", type: "application/x-www-form-urlencoded", authorization: "Basic " + btoa(`${app}:${secret}`) };
    return good(await ask("POST", "/v1/app/token", form)).access_token;
  });
