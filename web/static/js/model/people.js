// Who is who: friends and how we call them, requests, blocks, and the names of
// everybody else we meet.

import { at } from "./api.js";
import { asProblem } from "./problem.js";
import { isApp } from "./programs.js";

/** @typedef {import("./types.js").Friend} Friend */
/** @typedef {import("./types.js").Profile} Profile */

/** How long a look-up that failed is left alone, in ms. */
const AGAIN_MS = 5000;
const FACES_AT_ONCE = 3;

export class People {
  /** @type {Map<string, Friend>} */
  friends = new Map();
  /** @type {import("./types.js").ContactRequest[]} that wait for our answer */
  requests = [];
  /** @type {import("./types.js").Block[]} */
  blocks = [];
  /** Whom we have asked in this visit. @type {Set<string>} */
  asked = new Set();
  /** Another one whenever anything about people is. */
  stamp = 0;
  /** Contacts were read at least once. */
  ready = false;

  /** @type {Map<string, Profile|null>} others; null while being looked up, or unknown */
  #profiles = new Map();
  /** @type {Set<string>} */
  #nobody = new Set();
  /** @type {Set<string>} whose pictures are still to be looked up */
  #faces = new Set();
  #looking = 0;
  #version = "";
  #refreshing = false;
  #again = false;
  #api;
  #changed;
  #appName;

  /** @param {Profile} me @param {import("./api.js").Api} api @param {() => void} changed @param {(app: string) => string} appName */
  constructor(me, api, changed, appName = () => "") {
    this.me = me;
    this.#api = api;
    this.#appName = appName;
    this.#changed = () => {
      this.stamp++;
      changed();
    };
  }

  /**
   * What to call somebody: what we call them ourselves, then what their group
   * calls them, then what they call themselves.
   * @param {string} user
   * @param {import("./conversation.js").Conversation} [where]
   * @returns {string}
   */
  name(user, where) {
    if (isApp(user)) return (where?.peer === user && where.title) || this.#appName(user) || user;
    const friend = this.friends.get(user);
    if (friend?.alias) return friend.alias;
    const member = where?.members?.find((m) => m.user === user);
    if (member?.nickname) return member.nickname;
    if (user === this.me.user) return this.me.display_name;
    const known = friend?.display_name ?? member?.display_name;
    return known ?? (this.ready ? this.profile(user)?.display_name : undefined) ?? user;
  }

  /** A stranger's profile; it is looked up if it is not here. @param {string} user @returns {Profile|null} */
  profile(user) {
    const known = this.#profiles.get(user);
    if (known !== undefined) return known;
    this.#look(user);
    return null;
  }

  /** @param {string} user */
  async #look(user) {
    this.#profiles.set(user, null);
    try {
      this.#profiles.set(user, await this.#api.get(at`/users/${user}`));
    } catch (err) {
      const { code } = asProblem(err);
      if (code === "not_found" || code === "bad_request") this.#nobody.add(user);
      else setTimeout(() => this.#profiles.delete(user), AGAIN_MS);
    }
    this.#changed();
  }

  /** Somebody's face came on screen: their picture is looked up, a few at a time. @param {string} user */
  async face(user) {
    if (user === this.me.user || isApp(user) || this.#profiles.has(user)) return;
    this.#faces.add(user);
    if (this.#looking >= FACES_AT_ONCE) return;
    this.#looking++;
    for (const next of this.#faces) {
      this.#faces.delete(next);
      if (!this.#profiles.has(next)) await this.#look(next);
    }
    this.#looking--;
  }

  /** There is nobody of that name, as far as we have asked. @param {string} user */
  nobody(user) {
    return this.#nobody.has(user);
  }

  /** What to call a conversation. @param {import("./conversation.js").Conversation} c */
  title(c) {
    if (c.kind === "direct" && c.peer) return this.friends.get(c.peer)?.alias || c.title || this.name(c.peer);
    return c.title || c.stream;
  }

  /** Friends by name. @param {string} lang @returns {Friend[]} */
  sorted(lang) {
    const by = new Intl.Collator(lang);
    return [...this.friends.values()].sort((a, b) => by.compare(this.name(a.user), this.name(b.user)));
  }

  /** @param {string} user */
  blocked(user) {
    return this.blocks.some((b) => b.user === user);
  }

  /** Reads what changed since the last time. */
  async refresh() {
    if (this.#refreshing) {
      this.#again = true;
      return;
    }
    this.#refreshing = true;
    try {
      do {
        this.#again = false;
        await this.#read();
      } while (this.#again);
    } finally {
      this.#refreshing = false;
      this.#changed();
    }
  }

  async #read() {
    const since = this.#version ? "?since=" + encodeURIComponent(this.#version) : "";
    const [contacts, requests, blocks] = await Promise.all([
      this.#api.get("/contacts" + since),
      this.#api.list("/contact-requests"),
      this.#api.list("/blocks"),
    ]);
    for (const user of contacts.removed) this.friends.delete(user);
    for (const friend of contacts.items) {
      this.friends.set(friend.user, friend);
      this.asked.delete(friend.user);
    }
    this.#version = contacts.version;
    this.requests = requests;
    this.blocks = blocks;
    this.ready = true;
  }

  /** Asks somebody to be friends. @param {string} to @param {string} greeting @returns {Promise<"pending"|"friends">} */
  async ask(to, greeting) {
    const { state } = await this.#api.post("/contact-requests", { to, greeting });
    if (state === "pending") this.asked.add(to);
    await this.refresh();
    return state;
  }

  /** @param {string} from @param {boolean} yes */
  async answer(from, yes) {
    await this.#api.post(at`/contact-requests/${from}/${yes ? "accept" : "decline"}`);
    await this.refresh();
  }

  /**
   * What we keep about a friend: their alias, tags, and what they may see.
   * @param {string} user
   * @param {Partial<Pick<Friend, "alias"|"tags"|"starred"|"chat_only"|"hide_my_moments"|"hide_their_moments">>} change
   */
  async edit(user, change) {
    this.friends.set(user, await this.#api.patch(at`/contacts/${user}`, change));
    this.#changed();
  }

  /** All tags that friends have, by name. @param {string} lang @returns {string[]} */
  tags(lang) {
    const all = new Set([...this.friends.values()].flatMap((f) => f.tags));
    return [...all].sort(new Intl.Collator(lang).compare);
  }

  /** @param {string} user */
  async remove(user) {
    await this.#api.delete(at`/contacts/${user}`);
    await this.refresh();
  }

  /** @param {string} user @param {boolean} on */
  async block(user, on) {
    await this.#api.call(on ? "PUT" : "DELETE", at`/blocks/${user}`);
    await this.refresh();
  }

  /** What we say about ourselves, and what others may see. @param {object} change */
  async present(change) {
    this.know(await this.#api.patch("/me", change));
  }

  /** @param {Profile} me as the server knows us */
  know(me) {
    this.me = me;
    this.#changed();
  }

  /** Somebody's picture; "" if there is none, or we do not know. @param {string} user @returns {string} */
  avatar(user) {
    if (user === this.me.user) return this.me.avatar ?? "";
    return this.#profiles.get(user)?.avatar ?? "";
  }
}
