// What was told to us alone, in a personal stream: what others did to our moments
// (@moments), what apps were allowed to send (@notices).

import { asProblem } from "./problem.js";

/** @typedef {import("./types.js").Entry} Entry */

const PAGE = 50;

export class Notices {
  /** Nothing older is to be read. */
  complete = false;
  loading = false;
  /** Behind this they are shown as new, for as long as somebody looks. */
  newFrom = 0;

  /** @type {Map<number, Entry>} */
  #all = new Map();
  /** Taken back; they do not come again. @type {Set<number>} */
  #undone = new Set();
  #oldest = 0;
  #known = false;
  #head = 0;
  #readSeq = 0;
  #kinds;
  #to;

  /**
   * @param {string} stream
   * @param {string[]} kinds of entries that are shown
   * @param {object} to
   * @param {(op: string, data: object) => Promise<any>} to.call
   * @param {(e: Entry) => void} to.stirred  An entry is new, or was taken back.
   * @param {() => void} to.changed
   */
  constructor(stream, kinds, to) {
    this.stream = stream;
    this.#kinds = new Set(kinds);
    this.#to = to;
  }

  /** The newest first. @returns {Entry[]} */
  get list() {
    return [...this.#all.values()].sort((a, b) => b.seq - a.seq);
  }

  get unread() {
    return [...this.#all.keys()].filter((seq) => seq > this.#readSeq).length;
  }

  /** How the stream stands, as sync tells it. @param {import("./types.js").StreamState} s */
  stands(s) {
    this.#readSeq = Math.max(this.#readSeq, s.read_seq);
    if (!this.#known) this.newFrom = this.#readSeq;
    this.#known = true;
    this.#head = Math.max(this.#head, s.head);
    if (s.limited) this.#all.clear();
    if (s.limited || !this.#oldest) this.#load(0);
  }

  /** There is a connection again: what could not be read is read now. */
  resume() {
    if (this.#known && !this.#oldest) this.#load(0);
  }

  /** The next entry of the stream. @param {Entry} e */
  apply(e) {
    this.#head = Math.max(this.#head, e.seq);
    if (e.kind === "undone") {
      this.#undone.add(e.body.seq);
      const was = this.#all.get(e.body.seq);
      this.#all.delete(e.body.seq);
      if (was) this.#to.stirred(was);
    } else if (this.#keep(e)) this.#to.stirred(e);
  }

  /** Reads a page of what lies before. */
  older() {
    return this.#load(this.#oldest);
  }

  /** All of it was seen. */
  async read() {
    if (this.#readSeq >= this.#head) return;
    const was = this.#readSeq;
    const head = (this.#readSeq = this.#head);
    this.#to.changed();
    await this.#to.call("read", { stream: this.stream, seq: head }).catch(() => {
      if (this.#readSeq === head) this.#readSeq = was;
    });
  }

  /** Nobody looks any more: what was seen is old. */
  leave() {
    this.newFrom = this.#readSeq;
  }

  /** We have read it, perhaps on another device. @param {number} seq */
  readElsewhere(seq) {
    this.#readSeq = Math.max(this.#readSeq, seq);
    this.#to.changed();
  }

  /** @param {number} before 0: the newest page */
  async #load(before) {
    if (this.loading || (before && this.complete)) return;
    this.loading = true;
    try {
      const page = await this.#to.call("history", { stream: this.stream, limit: PAGE, ...(before && { before }) });
      const entries = /** @type {Entry[]} */ (page.entries);
      for (const e of entries) if (e.kind === "undone") this.#undone.add(e.body.seq);
      for (const e of entries) this.#keep(e);
      this.#oldest = entries[0]?.seq ?? 1;
      this.complete = entries.length < PAGE || this.#oldest <= 1;
    } catch (err) {
      if (asProblem(err).code !== "offline") this.complete = true; // there is nothing that we may read
    } finally {
      this.loading = false;
      this.#to.changed();
    }
  }

  /** @param {Entry} e */
  #keep(e) {
    const told = this.#kinds.has(e.kind) && !this.#undone.has(e.seq);
    if (told) this.#all.set(e.seq, e);
    return told;
  }
}
