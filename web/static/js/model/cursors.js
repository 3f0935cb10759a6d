// The client rules: how a device turns entries that come twice, late, out of
// order or not at all into the same log that every other device has.
//
// This is a machine without input or output of its own. It is told of entries
// and says what to do: apply one, read a stream again, find out about a stream
// it has never heard of.

/** @typedef {import("./types.js").Entry} Entry */

/**
 * @typedef {object} Effects
 * @property {(e: Entry) => void} apply  Each entry of a stream once, in order.
 * @property {(stream: string) => void} repair  There is a hole that did not fill by itself: read behind the cursor and call `read`.
 * @property {(stream: string) => void} unknown  An entry of a stream without a cursor: sync, then call `start`.
 * @property {(ms: number, then: () => void) => void} later  A timer.
 */

/** How long a hole may stay open before it is read from the server, in ms: the missing entry may just be late. */
export const PATIENCE = 300;

export class Cursors {
  /** @type {Map<string, number>} */
  #at = new Map();
  /** @type {Map<string, Map<number, Entry>>} */
  #held = new Map();
  /** @type {Set<string>} */
  #waiting = new Set();
  #to;

  /** @param {Effects} effects */
  constructor(effects) {
    this.#to = effects;
  }

  /** The seq of the last applied entry; undefined for a stream that is not known. @param {string} stream */
  at(stream) {
    return this.#at.get(stream);
  }

  /** All positions, as the server wants them. */
  all() {
    return Object.fromEntries(this.#at);
  }

  /** Begins a stream that is not known yet behind `seq`. @param {string} stream @param {number} seq */
  start(stream, seq) {
    if (this.#at.has(stream)) return;
    this.#at.set(stream, seq);
    this.#settle(stream);
  }

  /** Forgets a stream altogether. @param {string} stream */
  forget(stream) {
    this.#at.delete(stream);
    this.#held.delete(stream);
  }

  /** Takes an entry from an event, or the one a reply to a send stands for. @param {Entry} e */
  take(e) {
    const at = this.#at.get(e.stream);
    if (at !== undefined && e.seq <= at) return;
    this.#hold(e);
    if (at === undefined) this.#to.unknown(e.stream);
    else this.#settle(e.stream);
  }

  /**
   * Takes a run of entries that the server read behind the cursor. What it left
   * out before the first of them is not for this person and is stepped over.
   * @param {string} stream
   * @param {Entry[]} entries ascending
   */
  read(stream, entries) {
    const at = this.#at.get(stream);
    if (at === undefined || entries.length === 0) return;
    if (entries[0].seq > at + 1) this.#at.set(stream, entries[0].seq - 1);
    for (const e of entries) this.#hold(e);
    this.#settle(stream);
  }

  /**
   * Gives up waiting for what lies between the cursor and the entries held: the
   * server has nothing there.
   * @param {string} stream
   */
  drop(stream) {
    this.#held.delete(stream);
  }

  /** Lets go of entries of streams that turned out not to be ours. */
  dropUnknown() {
    for (const stream of this.#held.keys()) if (!this.#at.has(stream)) this.#held.delete(stream);
  }

  /** The seqs held because something before them is missing. @param {string} stream */
  held(stream) {
    return [...(this.#held.get(stream)?.keys() ?? [])].sort((a, b) => a - b);
  }

  /** @param {Entry} e */
  #hold(e) {
    let held = this.#held.get(e.stream);
    if (!held) this.#held.set(e.stream, (held = new Map()));
    if (!held.has(e.seq)) held.set(e.seq, e);
  }

  /** Applies what can be applied, and begins to wait if something is left. @param {string} stream */
  #settle(stream) {
    const held = this.#held.get(stream);
    if (!held) return;
    let at = /** @type {number} */ (this.#at.get(stream));
    for (const seq of held.keys()) if (seq <= at) held.delete(seq);
    for (let e = held.get(at + 1); e; e = held.get(at + 1)) {
      held.delete(++at);
      this.#at.set(stream, at);
      this.#to.apply(e);
    }
    if (held.size === 0) this.#held.delete(stream);
    else this.#wait(stream);
  }

  /** @param {string} stream */
  #wait(stream) {
    if (this.#waiting.has(stream)) return;
    this.#waiting.add(stream);
    this.#to.later(PATIENCE, () => {
      this.#waiting.delete(stream);
      if (this.#held.has(stream) && this.#at.has(stream)) this.#to.repair(stream);
    });
  }
}
