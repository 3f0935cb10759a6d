// Everything there is while somebody is signed in: the connection, conversations,
// people, and what waits to be sent.

import { at } from "./api.js";
import { Chats } from "./chats.js";
import { device, recall, remember } from "./keep.js";
import { Outbox } from "./outbox.js";
import { People } from "./people.js";
import { Session } from "./session.js";
import { isMessage } from "./conversation.js";

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./types.js").Entry} Entry */

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
    this.people = new People({ user, display_name: recall("name." + user, user) }, api, changed);
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
    this.chats.onPersonal = () => this.chats.ready && this.people.refresh().catch(() => {});
    this.outbox = new Outbox(user, { call, stored: (e) => this.chats.take(e), changed });
    this.changed = changed;
    this.typedAt = 0;
  }

  /** @param {any} w */
  async #welcome(w) {
    this.limits = w.limits;
    const whole = this.chats.welcome(w.sync);
    this.outbox.flush();
    this.people.refresh().catch(() => {});
    this.api
      .get("/me")
      .then((me) => {
        this.people.me = me;
        remember("name." + this.user, me.display_name);
        this.changed();
      })
      .catch(() => {});
    await whole;
  }

  /** @param {string} name @param {any} data */
  #event(name, data) {
    if (name === "entry") this.chats.take(data);
    else if (name === "resync") this.chats.sync();
    else if (name === "read") this.chats.onRead(data);
    else if (name === "typing") this.chats.all.get(data.stream)?.types(data.user, data.state, this.changed);
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

  /** Something was typed, or the box is empty again. @param {Conversation} c @param {boolean} typing */
  typing(c, typing) {
    const now = Date.now();
    if (typing && now - this.typedAt < TYPING_EVERY_MS) return;
    if (!typing && !this.typedAt) return;
    this.typedAt = typing ? now : 0;
    this.session.call("typing", { stream: c.stream, state: typing ? "typing" : "stop" }).catch(() => {});
  }

  /** Takes a message back. @param {Entry} e */
  async recall(e) {
    await this.api.post(at`/conversations/${e.stream}/messages/${String(e.seq)}/recall`);
  }

  /** The direct conversation with somebody. @param {string} user @returns {Promise<string>} its stream */
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

  /** Ends the sign-in of this device. */
  signOut() {
    return this.house.signOut();
  }
}
