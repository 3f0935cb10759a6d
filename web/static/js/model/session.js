// One WebSocket at a time to the server, opened again whenever it breaks.
//
// A session knows frames, requests and close codes; what the events mean is its
// owner's affair.

import { Problem } from "./problem.js";

/** @typedef {"connecting"|"online"|"waiting"|"stopped"} State */
/** @typedef {"signed_out"|"suspended"|"replaced"|"refused"} Reason why it stopped for good */

/**
 * @typedef {object} Options
 * @property {string} token
 * @property {string} device
 * @property {() => Record<string, number>} cursors
 * @property {(welcome: any) => void} welcome  The reply to hello: the session is online.
 * @property {(event: string, data: any) => void} event
 * @property {() => void} changed  The state is another.
 */

const ANSWER_MS = 15_000; // an op unanswered for so long means that the connection is dead
const PROBE_MS = 4_000; // the same for a ping that asks just that
const OPEN_MS = 10_000;
const STEADY_MS = 10_000; // a connection that lived for so long was a good one
const RETRY_LEAST_MS = 500;
const RETRY_MOST_MS = 20_000;

/** Close codes after which trying again would not help. @type {Record<number, Reason>} */
const FINAL = { 4401: "signed_out", 4403: "suspended", 4409: "replaced" };

/** What the hello of a stopped session was answered. @type {Record<string, Reason>} */
const REFUSED = { unauthenticated: "signed_out", token_expired: "signed_out", forbidden: "suspended" };

/**
 * How long to wait before trying again: anything between half a second and a
 * bound that doubles, so that many clients that lost the same server do not
 * come back together.
 * @param {number} failures in a row
 */
export function backoff(failures, random = Math.random) {
  const most = Math.min(RETRY_MOST_MS, 1000 * 2 ** failures);
  return RETRY_LEAST_MS + random() * (most - RETRY_LEAST_MS);
}

export class Session {
  /** @type {State} */
  state = "waiting";
  /** @type {Reason|null} */
  reason = null;
  /** When it will try again, ms since 1970; 0 if it will not. */
  retryAt = 0;

  /** @type {WebSocket|null} */
  #socket = null;
  /** @type {Map<number, {done: (data: any) => void, fail: (p: Problem) => void, timer: number}>} */
  #asked = new Map();
  #nextId = 1;
  #failures = 0;
  #onlineSince = 0;
  #advisedMs = 0; // how long the server said to stay away
  #timer = 0;
  #beat = 0;
  #opt;

  /** @param {Options} opt */
  constructor(opt) {
    this.#opt = opt;
  }

  /** Connects, now. */
  start() {
    clearTimeout(this.#timer);
    this.#drop();
    this.reason = null;
    this.retryAt = 0;
    this.#advisedMs = 0;
    const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/v1/ws", ["teahouse.v1"]);
    this.#socket = socket;
    this.#timer = window.setTimeout(() => this.#lost(socket, 0), OPEN_MS);
    socket.onopen = () => this.#hello(socket);
    socket.onmessage = (m) => this.#frame(socket, m.data);
    socket.onclose = (c) => this.#lost(socket, c.code);
    this.#become("connecting");
  }

  /** Ends it for good. */
  stop() {
    clearTimeout(this.#timer);
    this.#drop();
    this.#become("stopped");
  }

  /** The network changed: is the server still there, or there again? */
  probe() {
    if (this.state === "online") this.call("ping", {}, PROBE_MS).catch(() => {});
    else if (this.state === "waiting") {
      this.#failures = 0;
      this.#retry(backoff(0));
    }
  }

  /**
   * Sends an op and waits for its reply.
   * @param {string} op
   * @param {object} data
   * @param {number} [withinMs]
   * @returns {Promise<any>}
   */
  call(op, data, withinMs = ANSWER_MS) {
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) return Promise.reject(new Problem("offline"));
    return new Promise((done, fail) => {
      const id = this.#nextId++;
      const timer = window.setTimeout(() => this.#lost(socket, 0), withinMs);
      this.#asked.set(id, { done, fail, timer });
      socket.send(JSON.stringify({ id, op, data }));
    });
  }

  /** @param {WebSocket} socket */
  async #hello(socket) {
    try {
      const { token, device, cursors } = this.#opt;
      const welcome = await this.call("hello", { token, device, cursors: cursors() });
      if (socket !== this.#socket) return;
      clearTimeout(this.#timer);
      this.#onlineSince = Date.now();
      this.#beat = window.setInterval(() => this.probe(), welcome.heartbeat_ms);
      this.#become("online");
      this.#opt.welcome(welcome);
    } catch (err) {
      // The close code that follows says it too, except for a request that was wrong.
      if (!(err instanceof Problem) || err.code === "offline") return;
      const reason = REFUSED[err.code] ?? (err.code === "bad_request" ? "refused" : null);
      if (reason) this.#end(reason);
      else this.#lost(socket, 0, err.retryMs);
    }
  }

  /** @param {WebSocket} socket @param {string} text */
  #frame(socket, text) {
    if (socket !== this.#socket) return;
    const frame = JSON.parse(text);
    if (frame.event) {
      if (frame.event === "bye") this.#advisedMs = frame.data.retry_ms ?? 0;
      else this.#opt.event(frame.event, frame.data);
      return;
    }
    const asked = this.#asked.get(frame.id);
    if (!asked) return;
    this.#asked.delete(frame.id);
    clearTimeout(asked.timer);
    const { error } = frame;
    if (error) asked.fail(new Problem(error.code, error.message, error.retry_ms));
    else asked.done(frame.data);
  }

  /**
   * The connection is gone, or counts as gone.
   * @param {WebSocket} socket
   * @param {number} code 0 if nobody said why
   * @param {number} [advisedMs]
   */
  #lost(socket, code, advisedMs = this.#advisedMs) {
    if (socket !== this.#socket) return;
    const steady = this.#onlineSince && Date.now() - this.#onlineSince > STEADY_MS;
    this.#failures = steady ? 0 : this.#failures + 1;
    this.#drop();
    if (FINAL[code]) return this.#end(FINAL[code]);
    if (code >= 4400 && code < 4500 && code !== 4408 && code !== 4429) return this.#end("refused");
    this.#retry(advisedMs + (advisedMs ? Math.random() * RETRY_LEAST_MS : backoff(this.#failures)));
  }

  /** @param {Reason} reason */
  #end(reason) {
    clearTimeout(this.#timer);
    this.#drop();
    this.reason = reason;
    this.#become("stopped");
  }

  /** @param {number} ms */
  #retry(ms) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.start(), ms);
    this.retryAt = Date.now() + ms;
    this.#become("waiting");
  }

  /** Lets go of the connection; what was asked on it will not be answered. */
  #drop() {
    clearInterval(this.#beat);
    const socket = this.#socket;
    this.#socket = null;
    this.#onlineSince = 0;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    const asked = [...this.#asked.values()];
    this.#asked.clear();
    for (const { fail, timer } of asked) {
      clearTimeout(timer);
      fail(new Problem("offline"));
    }
  }

  /** @param {State} state */
  #become(state) {
    this.state = state;
    this.#opt.changed();
  }
}
