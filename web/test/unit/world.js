// A server and a bad network in miniature, for trying the client rules: entries
// come twice, late, out of order or not at all, connections break, answers get
// lost. Everything is decided by a seed, and time is what the test says.

import { mock } from "node:test";

/** @typedef {import("../../static/js/model/types.js").Entry} Entry */

/** Numbers that look random and repeat for a seed. @param {number} seed */
export function chance(seed) {
  let a = seed * 0x9e3779b9;
  const next = () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { next, below: (/** @type {number} */ n) => Math.floor(next() * n), often: (/** @type {number} */ p) => next() < p };
}

const COUNTABLE = ["text", "recalled"];
const SYNC_ENTRIES = 20; // the real server says 100; less finds more

export class World {
  /** @type {Map<string, {log: Entry[], floor: number, read: number}>} */
  streams = new Map();
  online = true;
  /** Each connection has a number; what was sent on an earlier one never arrives. */
  connection = 0;
  /** @type {(event: string, data: any) => void} */
  deliver = () => {};

  /** @param {ReturnType<typeof chance>} luck */
  constructor(luck) {
    this.luck = luck;
  }

  /** @param {string} name */
  stream(name) {
    let s = this.streams.get(name);
    if (!s) this.streams.set(name, (s = { log: [], floor: 0, read: 0 }));
    return s;
  }

  /** Stores an entry. @param {string} name @param {string} kind @param {string} from @param {any} body @param {string} id */
  append(name, kind, from, body, id = "") {
    const { log } = this.stream(name);
    const repeat = id && log.find((e) => e.id === id);
    if (repeat) return repeat;
    if (kind === "recall") {
      const e = log[body.seq - 1];
      log[body.seq - 1] = { ...e, kind: "recalled", body: {} };
    }
    const seq = log.length + 1;
    const count = (log.at(-1)?.count ?? 0) + (COUNTABLE.includes(kind) ? 1 : 0);
    const entry = { stream: name, seq, count, id: id || `${name}-${seq}`, kind, from, at: new Date(seq * 1000).toISOString(), body };
    log.push(entry);
    if (from === "me") this.stream(name).read = seq;
    return entry;
  }

  /** Rings the bell for an entry, as unreliably as a network can. @param {Entry} e */
  ring(e) {
    const { luck, connection } = this;
    if (!this.online) return;
    for (let copies = luck.often(0.15) ? 0 : luck.often(0.1) ? 2 : 1; copies > 0; copies--) {
      setTimeout(() => this.connection === connection && this.online && this.deliver("entry", structuredClone(e)), luck.below(600));
    }
  }

  cut() {
    this.online = false;
    this.connection++;
  }

  /** What the client calls. @param {string} op @param {any} data @returns {Promise<any>} */
  call(op, data) {
    const { connection, luck } = this;
    return new Promise((done, fail) => {
      const offline = () => fail(Object.assign(new Error("offline"), { code: "offline" }));
      if (!this.online) return offline();
      const asked = structuredClone(data);
      setTimeout(() => {
        if (this.connection !== connection) return offline();
        const reply = structuredClone(this.answer(op, asked)); // as things are when it reaches the server …
        setTimeout(() => (this.connection === connection ? done(reply) : offline()), luck.below(200)); // … and told later
      }, luck.below(200));
    });
  }

  /** @param {string} op @param {any} data @returns {any} */
  answer(op, data) {
    if (op === "sync") return this.sync(data.cursors);
    if (op === "history") return this.history(data);
    if (op === "send") {
      const e = this.append(data.stream, data.kind, "me", data.body, data.message_id);
      return { stream: e.stream, seq: e.seq, count: e.count, at: e.at };
    }
    const s = this.stream(data.stream);
    s.read = Math.max(s.read, Math.min(data.seq, s.log.length));
    return { seq: s.read, unread: this.unread(s) };
  }

  /** @param {{log: Entry[], floor: number, read: number}} s */
  unread({ log, floor, read }) {
    const count = (/** @type {number} */ seq) => log[seq - 1]?.count ?? 0;
    return Math.max(0, count(log.length) - count(Math.max(read, floor)));
  }

  /** @param {Record<string, number>} cursors */
  sync(cursors) {
    const streams = [];
    for (const [name, s] of this.streams) {
      const cursor = cursors[name];
      const head = s.log.length;
      if (head === 0 || cursor === head) continue;
      const visible = s.log.filter((e) => e.seq > s.floor);
      const missed = visible.filter((e) => e.seq > (cursor ?? 0));
      streams.push({
        stream: name, kind: "group", head, count: s.log[head - 1].count, unread: this.unread(s), read_seq: Math.max(s.read, s.floor), floor_seq: s.floor,
        muted: false, pinned: false, title: name, last: visible.at(-1) ?? null,
        ...(cursor !== undefined && { entries: missed.slice(-SYNC_ENTRIES) }),
        limited: cursor !== undefined && missed.length > SYNC_ENTRIES,
      });
    }
    return { streams, next: null };
  }

  /** @param {{stream: string, before?: number, after?: number, limit: number}} q */
  history({ stream, before, after, limit }) {
    const { log, floor } = this.stream(stream);
    const mine = log.filter((e) => e.seq > floor && e.seq > (after ?? 0) && e.seq < (before ?? Infinity));
    return { entries: after === undefined ? mine.slice(-limit) : mine.slice(0, limit), head: log.length };
  }
}

const macrotask = setImmediate; // the real one, before time is taken over

/** Lets time pass, with everything that follows from it. @param {number} ms */
export async function pass(ms) {
  for (let done = 0; done < ms; done += 50) {
    mock.timers.tick(50);
    await new Promise((go) => macrotask(go));
  }
}
