// Messages that were written and are not known to be stored yet. Each keeps its
// id for as long as it is here, so that trying again, even after the page was
// closed, never makes a second message of it.

import { asProblem, passes, Problem } from "./problem.js";
import { recall, remember } from "./keep.js";
import { uuid7 } from "./uuid.js";

/** @typedef {import("./types.js").Entry} Entry */

/**
 * @typedef {object} Item
 * @property {string} id
 * @property {string} stream
 * @property {string} kind
 * @property {any} body
 * @property {string} at when it was written
 * @property {string} [failed] the code of the refusal; it waits for a person to decide
 */

const RETRY_MS = 1000;

export class Outbox {
  /** @type {Item[]} in the order written */
  items;
  /** @type {Set<string>} streams that are being sent to */
  #busy = new Set();
  #key;
  #to;

  /**
   * @param {string} user
   * @param {object} to
   * @param {(op: string, data: object) => Promise<any>} to.call
   * @param {(e: Entry) => void} to.stored  The message is the entry now.
   * @param {() => void} to.changed
   */
  constructor(user, to) {
    this.user = user;
    this.#key = "outbox." + user;
    this.#to = to;
    this.items = recall(this.#key, /** @type {Item[]} */ ([]));
  }

  /** @param {string} stream */
  of(stream) {
    return this.items.filter((i) => i.stream === stream);
  }

  /** @param {string} stream @param {string} kind @param {any} body */
  add(stream, kind, body) {
    this.items.push({ id: uuid7(), stream, kind, body, at: new Date().toISOString() });
    this.#keep();
    this.#run(stream);
  }

  /** Tries everything that is not refused. */
  flush() {
    for (const stream of new Set(this.items.map((i) => i.stream))) this.#run(stream);
  }

  /** Tries a refused message again, with the same id. @param {Item} item */
  retry(item) {
    delete item.failed;
    this.#keep();
    this.#run(item.stream);
  }

  /** @param {Item} item */
  discard(item) {
    this.arrived(item.id);
  }

  /** The message with this id is in its stream, or given up. @param {string} id */
  arrived(id) {
    const i = this.items.findIndex((item) => item.id === id);
    if (i < 0) return;
    this.items.splice(i, 1);
    this.#keep();
  }

  /** Sends what waits for one stream, one after the other: they stay in order whatever happens. @param {string} stream */
  async #run(stream) {
    if (this.#busy.has(stream)) return;
    this.#busy.add(stream);
    for (let item; (item = this.items.find((i) => i.stream === stream && !i.failed)); ) {
      try {
        await this.#send(item);
      } catch (err) {
        const problem = asProblem(err);
        if (problem.code === "offline") break; // flush comes with the next connection
        if (passes(problem)) await new Promise((go) => setTimeout(go, problem.retryMs || RETRY_MS));
        else {
          item.failed = problem.code;
          this.#keep();
        }
      }
    }
    this.#busy.delete(stream);
  }

  /** @param {Item} item */
  async #send({ id, stream, kind, body }) {
    const sent = await this.#to.call("send", { stream, message_id: id, kind, body });
    if (!(sent?.seq > 0)) throw new Problem("internal");
    this.#to.stored({ stream: sent.stream, seq: sent.seq, count: sent.count, id, kind, from: this.user, at: sent.at, body });
    this.arrived(id);
  }

  #keep() {
    remember(this.#key, this.items.length ? this.items : undefined);
    this.#to.changed();
  }
}
