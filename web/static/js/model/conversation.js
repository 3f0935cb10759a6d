// One conversation as this device knows it: how it stands, and the part of its
// log that has been read so far. The log has no holes between its first entry
// here and its end; what lies before is read when somebody scrolls up.

import { follow } from "./group.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").StreamState} StreamState */

/** Somebody who is typing says so every few seconds; after this long without, they are not. */
const TYPING_MS = 6000;

/** Kinds that are messages and count as unread. */
const COUNTABLE = new Set(["text", "image", "voice", "video", "file", "location", "contact", "app_card", "forward", "recalled", "removed"]);

/** @param {{kind: string}} e */
export const isMessage = (e) => COUNTABLE.has(e.kind);

/** What an entry of this kind makes of the one it names. @type {Record<string, string>} */
const REDACTS = { recall: "recalled", takedown: "removed" };

export class Conversation {
  kind = "direct";
  title = "";
  peer = "";
  /** @type {import("./types.js").Group|null} */
  group = null;
  muted = false;
  pinned = false;
  /** Not listed until something new is in it. */
  hidden = false;
  /** We are not in it any more. */
  left = false;

  head = 0;
  count = 0;
  readSeq = 0;
  readCount = 0;
  floor = 0;
  /** How far the other one of a direct conversation has read, as far as we noticed. */
  peerRead = 0;

  /** @type {Entry[]} */
  entries = [];
  /** @type {Entry|null} */
  last = null;
  /** Nothing that we may read stands before the first of `entries`. */
  complete = false;
  loading = false;

  /** @type {import("./types.js").Member[]|null} */
  members = null;
  /** When the group is read anew. @type {any} */
  refresh = undefined;
  /** Who is typing, and until when that holds. @type {Map<string, number>} */
  typing = new Map();
  /** Those of them who speak. @type {Set<string>} */
  speaking = new Set();
  /** What was written and not sent. */
  draft = "";
  /** Files that were chosen and not sent. @type {import("./media.js").Upload[]} */
  attached = [];
  /** The texts of our own messages that were taken back here, for writing them anew. @type {Map<number, string>} */
  recalled = new Map();

  /** @param {string} stream @param {string} me */
  constructor(stream, me) {
    this.stream = stream;
    this.me = me;
  }

  get unread() {
    return this.left ? 0 : Math.max(0, this.count - this.readCount);
  }

  /** May we write here, as far as roles tell? */
  get closed() {
    return this.left || Boolean(this.group?.settings.dissolved);
  }

  /** Begins the log anew: what was here before is not joined to what comes. */
  restart() {
    this.entries = [];
    this.complete = false;
  }

  /** How it stands, in the server's words. @param {StreamState} s */
  stands(s) {
    this.kind = s.kind;
    this.title = s.title;
    this.peer = s.peer ?? "";
    this.group = s.group ?? null;
    this.muted = s.muted;
    this.pinned = s.pinned;
    this.left = Boolean(s.left);
    this.floor = s.floor_seq;
    this.count = Math.max(this.count, s.count);
    this.readCount = Math.max(this.readCount, s.count - s.unread);
    this.readSeq = Math.max(this.readSeq, s.read_seq);
    if (s.last && s.last.seq >= this.head) this.last = s.last;
    if (this.entries.length > 0 && this.entries[0].seq <= this.floor + 1) this.complete = true;
    if (s.head <= this.floor) this.complete = true;
    this.head = Math.max(this.head, s.head);
  }

  /** The next entry of the log. @param {Entry} e */
  apply(e) {
    this.entries = [...this.entries, e];
    this.last = e;
    this.head = Math.max(this.head, e.seq);
    this.count = Math.max(this.count, e.count);
    this.hidden = false;
    this.typing.delete(e.from);
    if (e.from === this.me) this.readUpTo(e.seq, e.count);
    if (e.from === this.peer) this.peerRead = Math.max(this.peerRead, e.seq);
    if (REDACTS[e.kind]) this.#redact(e.body.seq, REDACTS[e.kind]);
    if (e.kind === "member" && e.body.users?.includes(this.me)) {
      if (["remove", "leave"].includes(e.body.action)) this.left = true;
      if (["add", "join"].includes(e.body.action)) this.left = false;
    }
    if (e.kind === "member" || e.kind === "group") follow(this, e);
  }

  /** Older entries, as read before the first one here. @param {Entry[]} older @param {boolean} more */
  prepend(older, more) {
    this.entries = [...older, ...this.entries];
    this.peerRead = Math.max(this.peerRead, older.findLast((e) => e.from === this.peer)?.seq ?? 0); // who answers has read
    this.complete = !more || (older[0]?.seq ?? 0) <= this.floor + 1;
  }

  /** We have seen everything up to here. @param {number} seq @param {number} count */
  readUpTo(seq, count) {
    this.readSeq = Math.max(this.readSeq, seq);
    this.readCount = Math.max(this.readCount, count);
  }

  /** @param {number} seq @returns {Entry|undefined} */
  find(seq) {
    return this.entries.findLast((e) => e.seq === seq);
  }

  /** @param {string} user @param {string} state @param {() => void} changed */
  types(user, state, changed) {
    if (user === this.me) return;
    this.speaking.delete(user);
    if (state === "stop") this.typing.delete(user);
    else {
      if (state === "voice") this.speaking.add(user);
      this.typing.set(user, Date.now() + TYPING_MS);
      setTimeout(() => {
        if ((this.typing.get(user) ?? Infinity) <= Date.now()) {
          this.typing.delete(user);
          changed();
        }
      }, TYPING_MS + 10);
    }
    changed();
  }

  /** @param {number} seq @param {string} kind */
  #redact(seq, kind) {
    const i = this.entries.findLastIndex((e) => e.seq === seq);
    if (i < 0) return;
    const was = this.entries[i];
    if (was.from === this.me && was.kind === "text") this.recalled.set(seq, was.body.text);
    this.entries = this.entries.with(i, { ...was, kind, body: {} });
  }
}
