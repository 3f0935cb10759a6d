// The conversations of whoever is signed in, kept up to date by the client rules.

import { asProblem } from "./problem.js";
import { Conversation } from "./conversation.js";
import { Cursors } from "./cursors.js";
import { at } from "./api.js";

/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").StreamState} StreamState */

/** Cursors that fit into one frame; streams beyond are told about like new ones. */
const HELLO_CURSORS = 800;
const PAGE = 50;
/** How long a page of history that could not be read is left alone, in ms. */
const AGAIN_MS = 3000;
const SETTLED_MS = 1500;
/** Members that are read at once; names of others are looked up as they appear. */
const MEMBERS_MOST = 600;

/**
 * @typedef {object} World What conversations need from the rest.
 * @property {string} me
 * @property {(op: string, data: object) => Promise<any>} call
 * @property {import("./api.js").Api} api
 * @property {() => void} changed
 * @property {(e: Entry) => void} arrived  An entry was applied.
 */

export class Chats {
  /** @type {Map<string, Conversation>} */
  all = new Map();
  /** The first sync is through. */
  ready = false;
  /** Where the personal streams are told. @type {(e: Entry) => void} */
  onPersonal = () => {};
  /** Where it is told how a personal stream stands. @type {(s: StreamState) => void} */
  onStanding = () => {};
  /** Where it is told that we have read a personal stream, on another device. @type {(stream: string, seq: number) => void} */
  onPersonalRead = () => {};

  #cursors;
  #syncing = false;
  #again = false;
  /** @type {Set<string>} */
  #repairing = new Set();
  #world;

  /** @param {World} world */
  constructor(world) {
    this.#world = world;
    this.#cursors = new Cursors({
      apply: (e) => this.#apply(e),
      repair: (stream) => this.#repair(stream),
      unknown: () => this.sync(),
      later: (ms, then) => setTimeout(then, ms),
    });
  }

  /** Those to show, the latest first, pinned ones before all. @returns {Conversation[]} */
  listed() {
    const shown = [...this.all.values()].filter((c) => !c.hidden && (c.last || c.kind === "group"));
    const latest = (/** @type {Conversation} */ c) => c.last?.at ?? "";
    return shown.sort((a, b) => Number(b.pinned) - Number(a.pinned) || latest(b).localeCompare(latest(a)) || a.stream.localeCompare(b.stream));
  }

  get unread() {
    return [...this.all.values()].reduce((n, c) => n + (c.muted || c.hidden ? 0 : c.unread), 0);
  }

  cursors() {
    return Object.fromEntries(Object.entries(this.#cursors.all()).slice(-HELLO_CURSORS));
  }

  /** An entry from an event or a reply. @param {Entry} e */
  take(e) {
    this.#cursors.take(e);
  }

  /** The first page of what is new, from hello. @param {{streams: StreamState[], next: string|null}} page */
  async welcome(page) {
    const again = this.ready;
    this.#page(page);
    if (page.next) await this.sync(page.next);
    this.ready = true;
    this.#world.changed();
    await this.#refresh(again);
  }

  /** Asks what is new behind our cursors. @param {string} [after] */
  async sync(after = "") {
    if (this.#syncing) {
      this.#again = true;
      return;
    }
    this.#syncing = true;
    try {
      do {
        this.#again = false;
        let next = after;
        do {
          const page = await this.#world.call("sync", { cursors: this.cursors(), ...(next && { after: next }) });
          this.#page(page);
          next = page.next ?? "";
        } while (next);
        after = "";
      } while (this.#again);
      this.#cursors.dropUnknown();
    } catch {
      // Offline: the next connection begins with what is new.
    } finally {
      this.#syncing = false;
    }
    this.#world.changed();
  }

  /**
   * A conversation by its name, also one in which nobody has written yet.
   * @param {string} stream
   * @returns {Promise<Conversation>}
   */
  async open(stream) {
    const known = this.all.get(stream);
    if (known) return known;
    const info = await this.#world.api.get(at`/conversations/${stream}`);
    const c = this.#conversation(stream);
    c.kind = info.kind;
    c.title = info.title;
    c.peer = info.peer ?? "";
    c.hidden = Boolean(info.hidden);
    const page = await this.#world.call("history", { stream, limit: PAGE });
    if (this.#cursors.at(stream) === undefined) {
      this.#cursors.start(stream, page.entries.length ? page.entries[0].seq - 1 : page.head);
      this.#cursors.read(stream, page.entries);
      c.complete = page.entries.length < PAGE;
    }
    c.group = info.kind === "group" ? info : null; // after the entries, which are older
    this.#world.changed();
    return c;
  }

  /** Reads a page of what lies before the log. @param {Conversation} c */
  async older(c) {
    if (c.loading || c.complete) return;
    c.loading = true;
    this.#world.changed();
    try {
      const before = c.entries[0]?.seq ?? c.head + 1;
      const page = await this.#world.call("history", { stream: c.stream, before, limit: PAGE });
      if ((c.entries[0]?.seq ?? c.head + 1) === before) c.prepend(page.entries, page.entries.length === PAGE);
    } catch {
      await new Promise((go) => setTimeout(go, AGAIN_MS)); // whoever scrolls asks again and again
    } finally {
      c.loading = false;
      this.#world.changed();
    }
  }

  /** Everything in it was seen. @param {Conversation} c */
  async read(c) {
    const { head, count } = c;
    if (c.readSeq >= head || c.left) return;
    const was = { seq: c.readSeq, count: c.readCount };
    c.readUpTo(head, count);
    this.#world.changed();
    try {
      await this.#world.call("read", { stream: c.stream, seq: head });
    } catch {
      if (c.readSeq === head) [c.readSeq, c.readCount] = [was.seq, was.count]; // it is told at the next occasion
    }
  }

  /** Somebody has read, perhaps we on another device. @param {{stream: string, user: string, seq: number}} event */
  async onRead({ stream, user, seq }) {
    const c = this.all.get(stream);
    if (!c) return this.onPersonalRead(stream, seq);
    if (user === c.peer) c.peerRead = Math.max(c.peerRead, seq);
    else if (user === this.#world.me && seq > c.readSeq) {
      const count = seq >= c.head ? c.count : c.find(seq)?.count;
      if (count !== undefined) c.readUpTo(seq, count);
      else {
        const now = await this.#world.call("read", { stream, seq }).catch(() => null);
        if (now) c.readUpTo(now.seq, c.count - now.unread);
      }
    }
    this.#world.changed();
  }

  /** @param {Conversation} c @param {{muted?: boolean, pinned?: boolean, hidden?: boolean}} change */
  async configure(c, change) {
    const now = await this.#world.api.patch(at`/conversations/${c.stream}`, change);
    c.muted = now.muted;
    c.pinned = now.pinned;
    c.hidden = now.hidden;
    this.#world.changed();
  }

  /** Reads what a group is now, and who is in it. @param {Conversation} c */
  async refreshGroup(c) {
    if (c.kind !== "group" || c.left) return;
    try {
      const now = await this.#world.api.get(at`/conversations/${c.stream}`);
      c.group = now;
      c.title = now.name;
      if (c.members) c.members = await this.#world.api.list(at`/groups/${c.stream}/members`, MEMBERS_MOST);
    } catch (err) {
      if (asProblem(err).code === "not_member") c.left = true;
    }
    this.#world.changed();
  }

  /** The same, once what is going on has settled: nodes answer from memory for a second. @param {Conversation} c */
  #refreshSoon(c) {
    clearTimeout(c.refresh);
    c.refresh = setTimeout(() => this.refreshGroup(c), SETTLED_MS);
  }

  /** @param {Conversation} c */
  async loadMembers(c) {
    c.members ??= [];
    await this.refreshGroup(c);
  }

  /** Takes a conversation that we have left off the list. @param {Conversation} c */
  forget(c) {
    this.#cursors.forget(c.stream);
    this.all.delete(c.stream);
    this.#world.changed();
  }

  /** @param {string} stream */
  #conversation(stream) {
    let c = this.all.get(stream);
    if (!c) this.all.set(stream, (c = new Conversation(stream, this.#world.me)));
    return c;
  }

  /** @param {{streams: StreamState[]}} page */
  #page(page) {
    for (const s of page.streams) this.#stream(s);
    this.#world.changed();
  }

  /** @param {StreamState} s */
  #stream(s) {
    const known = this.#cursors.at(s.stream);
    if (s.left && known === undefined) return;
    const entries = s.entries ?? (s.last ? [s.last] : []);
    const personal = s.kind === "personal";
    const c = personal ? null : this.#conversation(s.stream);
    if (known === undefined) this.#cursors.start(s.stream, entries.length ? entries[0].seq - 1 : s.head);
    else if ((s.limited || !s.entries) && entries.length && entries[0].seq > known + 1) c?.restart();
    if (c && (known === undefined || s.left)) c.stands(s); // before the entries, so that they find their peer
    this.#cursors.read(s.stream, entries);
    c?.stands(s);
    if (personal) this.onStanding(s);
    if (c?.members) this.#refreshSoon(c);
  }

  /** @param {Entry} e */
  #apply(e) {
    const c = this.all.get(e.stream);
    if (c) {
      c.apply(e);
      if (e.kind === "member" || e.kind === "group") this.#refreshSoon(c);
      this.#world.arrived(e);
    } else if (e.stream === "@contacts") {
      if (e.kind === "joined") this.sync();
      const left = e.kind === "left" && this.all.get(e.body.stream);
      if (left) left.left = true;
      this.onPersonal(e);
    } else this.onPersonal(e);
    this.#world.changed();
  }

  /** Reads behind the cursor until nothing is held any more. @param {string} stream */
  async #repair(stream) {
    if (this.#repairing.has(stream)) return;
    this.#repairing.add(stream);
    try {
      while (this.#cursors.held(stream).length > 0) {
        const page = await this.#world.call("history", { stream, after: this.#cursors.at(stream), limit: 200 });
        if (page.entries.length === 0) this.#cursors.drop(stream);
        this.#cursors.read(stream, page.entries);
      }
    } catch (err) {
      // Offline: the next connection fills the hole. Refused: it is not ours any more.
      if (asProblem(err).code !== "offline") this.#cursors.drop(stream);
    } finally {
      this.#repairing.delete(stream);
    }
  }

  /**
   * Settings and titles may have changed on another device while nothing was
   * written; the list of conversations has them, and only those not hidden.
   * @param {boolean} all
   */
  async #refresh(all) {
    const heads = new Map([...this.all.values()].map((c) => [c, c.head]));
    const items = /** @type {StreamState[]} */ (await this.#world.api.list("/conversations", Infinity).catch(() => null));
    if (!items) return;
    const listed = new Set(items.map((s) => s.stream));
    for (const [c, head] of heads) c.hidden = !c.left && c.head === head && !listed.has(c.stream) && c.last !== null;
    if (all) {
      for (const s of items) {
        const c = this.all.get(s.stream);
        if (c && s.head <= c.head) c.stands(s);
      }
    }
    this.#world.changed();
  }
}
