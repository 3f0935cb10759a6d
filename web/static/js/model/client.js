// Everything there is while somebody is signed in: the connection, conversations,
// people, moments, mini-programs, and what waits to be sent.

import { at } from "./api.js";
import { Chats } from "./chats.js";
import { device, recall, remember } from "./keep.js";
import { Library } from "./media.js";
import { Moments } from "./moments.js";
import { Notices } from "./notices.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Programs } from "./programs.js";
import { Push } from "./push.js";
import { Around } from "./presence.js";
import { Sending } from "./sending.js";
import { Session } from "./session.js";
import { isMessage } from "./conversation.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {{state: "active"|"away"|"invisible", text: string}} Status */

/** How often "is typing" is told while somebody types. */
const TYPING_EVERY_MS = 2500;

export class Client {
  /** @type {import("./types.js").Limits} */
  limits = { text_bytes: 8192, recall_ms: 120_000, page_entries: 200, group_members: 500 };

  /** @param {string} user @param {string} token @param {import("./teahouse.js").Teahouse} house */
  constructor(user, token, house) {
    const { api, changed } = house;
    this.house = house;
    this.user = user;
    this.api = api;
    this.push = new Push(api, changed);
    this.programs = new Programs(api, changed);
    this.people = new People({ user, display_name: recall("name." + user, user) }, api, changed, (app) => this.programs.name(app));
    this.session = new Session({
      token,
      device: device(),
      cursors: () => this.chats.cursors(),
      welcome: (w) => this.#welcome(w),
      event: (name, data) => this.#event(name, data),
      changed: () => {
        if (this.session?.reason === "signed_out" || this.session?.reason === "suspended") house.forget(this.session.reason);
        changed();
      },
    });
    const call = (/** @type {string} */ op, /** @type {object} */ data) => this.session.call(op, data);
    this.chats = new Chats({ me: user, call, api, changed, arrived: (e) => this.#arrived(e) });
    this.outbox = new Outbox(user, { call, stored: (e) => this.chats.take(e), changed });
    this.library = new Library(api, changed);
    this.sending = new Sending(this.outbox, changed);
    this.moments = new Moments(user, api, changed);
    this.notices = new Notices("@moments", ["like", "comment", "mention"], { call, stirred: (e) => this.moments.stirred(e.body.post), changed });
    /** What apps were allowed to send. */
    this.inbox = new Notices("@notices", ["notice"], { call, stirred: () => this.programs.grants && this.programs.readGrants().catch(() => {}), changed });
    this.around = new Around({ call, automatic: () => this.status.state === "active", changed });
    this.chats.onPersonal = (e) => this.#personal(e);
    this.chats.onStanding = (s) => this.#told(s.stream)?.stands(s);
    this.chats.onPersonalRead = (stream, seq) => this.#told(stream)?.readElsewhere(seq);
    /** What we said about ourselves: our state, and a few words. @type {Status} */
    this.status = recall("status." + user, { state: "active", text: "" });
    this.changed = changed;
    this.typedAt = 0;
  }

  /** @param {any} w */
  async #welcome(w) {
    this.limits = w.limits;
    const whole = this.chats.welcome(w.sync);
    this.outbox.flush();
    this.around.welcome();
    if (this.status.state === "away") this.session.call("status", { state: "away" }).catch(() => {}); // a connection begins as active
    this.moments.peek().catch(() => {});
    this.people.refresh().catch(() => {});
    this.push.resume().catch(() => {});
    this.api
      .get("/me")
      .then((me) => {
        this.people.know(me);
        if (typeof me.invisible === "boolean") {
          this.status = { state: me.invisible ? "invisible" : this.status.state === "away" ? "away" : "active", text: me.status_text ?? "" };
        }
        remember("name." + this.user, me.display_name);
        this.changed();
      })
      .catch(() => {});
    await whole;
    this.notices.resume();
    this.inbox.resume();
  }

  /** What a personal stream tells. @param {string} stream */
  #told(stream) {
    return [this.notices, this.inbox].find((n) => n.stream === stream);
  }

  /** @param {Entry} e */
  #personal(e) {
    const told = this.#told(e.stream);
    if (told) told.apply(e);
    else if (e.stream === "@contacts" && this.chats.ready) this.people.refresh().then(() => this.moments.again(), () => {});
  }

  /** @param {string} name @param {any} data */
  #event(name, data) {
    if (name === "entry") this.chats.take(data);
    else if (name === "resync") this.chats.sync();
    else if (name === "read") this.chats.onRead(data);
    else if (name === "typing") this.chats.all.get(data.stream)?.types(data.user, data.state, this.changed);
    else if (name === "presence") this.around.learn(data);
    else if (name === "feed") this.moments.hint(data);
  }

  /** @param {Entry} e */
  #arrived(e) {
    if (e.from === this.user && isMessage(e)) this.outbox.arrived(e.id);
  }

  /** Sends a message as soon as there is a connection. @param {Conversation} c @param {string} kind @param {any} body */
  send(c, kind, body) {
    c.draft = "";
    this.typedAt = 0;
    this.outbox.add(c.stream, kind, body);
  }

  /** Something was typed, or the box is empty again. @param {Conversation} c @param {boolean} typing @param {"typing"|"voice"} [how] */
  typing(c, typing, how = "typing") {
    const now = Date.now();
    if (typing && now - this.typedAt < TYPING_EVERY_MS) return;
    if (!typing && !this.typedAt) return;
    this.typedAt = typing ? now : 0;
    this.session.call("typing", { stream: c.stream, state: typing ? how : "stop" }).catch(() => {});
  }

  /** Says how others are to see us. @param {Partial<Status>} change */
  async present(change) {
    const now = { ...this.status, ...change };
    await this.session.call("status", now);
    this.status = now;
    remember("status." + this.user, now);
    this.changed();
  }

  /** Who may see whether we are around. @param {"friends"|"nobody"} visibleTo */
  async showPresence(visibleTo) {
    await this.api.put("/me/presence", { visible_to: visibleTo });
    this.people.know({ ...this.people.me, presence_visible_to: visibleTo });
  }

  /** The page came into sight, or went out of it. */
  looked() {
    if (document.visibilityState === "visible") this.session.probe();
    this.around.looked();
  }

  /** Takes a message back. @param {Entry} e */
  async recall(e) {
    await this.api.post(at`/conversations/${e.stream}/messages/${String(e.seq)}/recall`);
  }

  /** The conversation with somebody, or with an app. @param {string} user @returns {Promise<string>} its stream */
  async talkTo(user) {
    const { stream } = await this.api.post("/conversations", { with: user });
    await this.chats.open(stream);
    return stream;
  }

  /** @param {string} name @param {string[]} members @returns {Promise<string>} its stream */
  async createGroup(name, members) {
    const { stream } = await this.api.post("/groups", { name, members });
    await this.chats.open(stream);
    return stream;
  }

  /** @param {Conversation} c @param {{name?: string, mute_all?: boolean}} change */
  async changeGroup(c, change) {
    c.group = await this.api.patch(at`/groups/${c.stream}`, change);
    this.changed();
  }

  /** @param {Conversation} c @param {string[]} users */
  async addMembers(c, users) {
    await this.api.post(at`/groups/${c.stream}/members`, { users });
  }

  /** @param {Conversation} c @param {string} user @param {object} change role, muted_until or nickname */
  async changeMember(c, user, change) {
    await this.api.put(at`/groups/${c.stream}/members/${user}`, change);
  }

  /** @param {Conversation} c @param {string} user */
  async removeMember(c, user) {
    await this.api.delete(at`/groups/${c.stream}/members/${user}`);
  }

  /** @param {Conversation} c */
  async leaveGroup(c) {
    await this.api.delete(at`/groups/${c.stream}/members/${this.user}`);
    this.chats.forget(c);
  }

  /** @param {Conversation} c @param {string} to */
  async transfer(c, to) {
    await this.api.post(at`/groups/${c.stream}/transfer`, { to });
  }

  /** @param {Conversation} c */
  async dissolve(c) {
    await this.api.delete(at`/groups/${c.stream}`);
  }

  /** Ends the account, for good. */
  deleteAccount() {
    return this.house.deleteAccount();
  }

  /** Ends the sign-in of this device. */
  signOut() {
    return this.house.signOut();
  }
}
