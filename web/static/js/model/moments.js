// Moments: the timeline, pages of single people, and what is written at the
// moment. Each moment is held once, however many lists show it.

import { at } from "./api.js";
import { asProblem } from "./problem.js";

/** @typedef {import("./types.js").Moment} Moment */
/** @typedef {import("./types.js").Audience} Audience */
/** @typedef {import("./types.js").Comment} Comment */

const PAGE = 20;
/** Entries about one moment come in bursts; it is read once after them. */
const SETTLED_MS = 250;

/** A list of moments, the newest first. */
export class List {
  /** @type {string[]|null} ids; null before anything was read */
  posts = null;
  /** Where the next page begins; "" at the end. */
  next = "";
  loading = false;
  /** The code of what went wrong the last time. */
  problem = "";

  /** @param {string} path with what goes before the cursor */
  constructor(path) {
    this.path = path;
  }
}

/** @returns {Audience} */
export const everybody = () => ({ kind: "friends", users: [], tags: [], mode: "live" });

/** What is being written, until it is posted. */
export class Draft {
  text = "";
  /** @type {import("./media.js").Upload[]} */
  uploads = [];
  audience = everybody();
  /** @type {string[]} */
  mentions = [];
  /** @type {import("./types.js").Place|null} */
  place = null;
  /** @type {import("./types.js").Card|null} */
  card = null;

  get ready() {
    return (this.text.trim() !== "" || this.uploads.length > 0 || this.card !== null) && this.uploads.every((u) => u.medium);
  }
}

export class Moments {
  draft = new Draft();
  /** Moments that are waiting behind what is shown. @type {Set<string>} */
  fresh = new Set();
  /** Moments we hear nothing of, as far as we know. @type {Set<string>} */
  muted = new Set();

  /** @type {Map<string, Moment>} */
  #all = new Map();
  /** @type {Map<string, List>} */
  #lists = new Map();
  /** @type {Map<string, Promise<Moment|null>>} */
  #looking = new Map();
  /** @type {Map<string, any>} */
  #soon = new Map();
  #api;
  #changed;
  #me;

  /** @param {string} me @param {import("./api.js").Api} api @param {() => void} changed */
  constructor(me, api, changed) {
    this.#me = me;
    this.#api = api;
    this.#changed = changed;
  }

  /** @param {string} post @returns {Moment|undefined} */
  get(post) {
    return this.#all.get(post);
  }

  /** Everybody's. */
  timeline() {
    return this.#list("/moments?");
  }

  /** One person's. @param {string} user */
  of(user) {
    return this.#list(at`/users/${user === this.#me ? "me" : user}/moments` + "?");
  }

  /** Ours, as a friend sees them. @param {string} user */
  as(user) {
    return this.#list(at`/users/me/moments?as=${user}` + "&");
  }

  /** What a list shows. @param {List} list @returns {Moment[]} */
  shown(list) {
    return (list.posts ?? []).flatMap((p) => this.#shown(list, p) ?? []);
  }

  /** Reads the newest page of a list; what was read of it before stays if it goes on there. @param {List} list */
  async refresh(list) {
    if (list.loading) return;
    if (list === this.timeline()) this.fresh.clear();
    await this.#read(list, "", (page, ids) => {
      const known = list.posts ?? [];
      const joint = ids.length ? known.indexOf(ids[ids.length - 1]) : -1;
      if (joint >= 0) list.posts = [...ids, ...known.slice(joint + 1)];
      else [list.posts, list.next] = [ids, page.next ?? ""];
    });
  }

  /** Reads the page behind what is there. @param {List} list */
  async more(list) {
    if (list.loading || !list.next) return;
    await this.#read(list, list.next, (page, ids) => {
      list.posts = [...(list.posts ?? []), ...ids.filter((p) => !list.posts?.includes(p))];
      list.next = page.next ?? "";
    });
  }

  /** One moment, as it is now; null if it is not for us, or gone. @param {string} post @returns {Promise<Moment|null>} */
  look(post) {
    const known = this.#looking.get(post);
    if (known) return known;
    const looking = this.#look(post).finally(() => this.#looking.delete(post));
    this.#looking.set(post, looking);
    return looking;
  }

  /** @param {string} post @returns {Promise<Moment|null>} */
  async #look(post) {
    try {
      this.#all.set(post, await this.#api.get(at`/moments/${post}`));
    } catch (err) {
      if (asProblem(err).code !== "not_found") throw err;
      this.#forget(post);
    }
    this.#changed();
    return this.#all.get(post) ?? null;
  }

  /** Something was said about a moment: those on screen are read again. @param {string} post */
  stirred(post) {
    if (!this.#all.has(post)) return;
    clearTimeout(this.#soon.get(post));
    this.#soon.set(post, setTimeout(() => this.#all.has(post) && this.look(post).catch(() => {}), SETTLED_MS));
  }

  /** A friend has posted. @param {{author: string, post: string}} hint */
  hint({ post }) {
    const { posts } = this.timeline();
    if (posts?.includes(post)) return;
    if (posts?.length === 0) this.refresh(this.timeline()); // there is nothing that it could push aside
    else this.fresh.add(post);
    this.#changed();
  }

  /** Who our friends are is another: what they shared comes or goes. */
  async again() {
    if (this.timeline().posts) await this.refresh(this.timeline());
  }

  /** After a pause: hints may have been lost. */
  async peek() {
    const { posts } = this.timeline();
    if (!posts) return;
    const { items } = await this.#api.get("/moments?limit=1");
    if (items[0] && !posts.includes(items[0].post)) this.hint(items[0]);
  }

  /** Posts what was written. */
  async post() {
    const { text, uploads, audience, mentions, place, card } = this.draft;
    const body = {
      text: text.trim(),
      media: uploads.flatMap((u) => u.medium?.media ?? []),
      audience,
      mentions,
      ...(place && { location: place }),
      ...(card && { app_card: card }),
    };
    const moment = /** @type {Moment} */ (await this.#api.post("/moments", body));
    for (const u of uploads) u.close();
    this.draft = new Draft();
    this.#all.set(moment.post, moment);
    for (const list of [this.timeline(), this.of(this.#me)]) if (list.posts && !list.posts.includes(moment.post)) list.posts = [moment.post, ...list.posts];
    this.fresh.delete(moment.post);
    this.#changed();
  }

  /** @param {Moment} m */
  async remove(m) {
    await this.#api.delete(at`/moments/${m.post}`);
    this.#forget(m.post);
    this.#changed();
  }

  /** Likes a moment or takes that back; it is shown at once. @param {Moment} m @param {boolean} on */
  async like(m, on) {
    const others = m.likes.filter((l) => l.user !== this.#me);
    this.#put({ ...m, likes: on ? [...others, { user: this.#me, at: new Date().toISOString() }] : others });
    try {
      await this.#api.call(on ? "PUT" : "DELETE", at`/moments/${m.post}/like`);
    } catch (err) {
      this.#put(m);
      throw err;
    }
  }

  /** @param {Moment} m @param {string} text @param {Comment|null} replyTo */
  async comment(m, text, replyTo) {
    const comment = await this.#api.post(at`/moments/${m.post}/comments`, { text, ...(replyTo && { reply_to: replyTo.id }) });
    const now = this.#all.get(m.post) ?? m;
    if (!now.comments.some((c) => c.id === comment.id)) this.#put({ ...now, comments: [...now.comments, comment] });
  }

  /** @param {Moment} m @param {Comment} comment */
  async removeComment(m, comment) {
    await this.#api.delete(at`/moments/${m.post}/comments/${comment.id}`);
    await this.look(m.post); // replies to it may have gone with it
  }

  /** Hears of a moment no more, or again. @param {Moment} m @param {boolean} on */
  async mute(m, on) {
    await this.#api.call(on ? "PUT" : "DELETE", at`/moments/${m.post}/mute`);
    if (on) this.muted.add(m.post);
    else this.muted.delete(m.post);
    this.#changed();
  }

  /** @param {Moment} m @param {Audience} audience */
  async setAudience(m, audience) {
    await this.#api.patch(at`/moments/${m.post}`, { audience });
    await this.look(m.post);
  }

  /** Who would see it. @param {Audience} audience @returns {Promise<{users: string[], count: number}>} */
  preview(audience) {
    return this.#api.post("/moments/audience-preview", { audience });
  }

  /** Who sees a moment of ours, and by which rule. @param {Moment} m @returns {Promise<{user: string, sees: boolean, rule: string}[]>} */
  why(m) {
    return this.#api.list(at`/moments/${m.post}/why`, 5000);
  }

  /** @param {string} path */
  #list(path) {
    let list = this.#lists.get(path);
    if (!list) this.#lists.set(path, (list = new List(path)));
    return list;
  }

  /** As a friend sees them, moments are others than as we do. @param {List} list @param {string} post */
  #shown(list, post) {
    return this.#all.get(key(list, post));
  }

  /**
   * @param {List} list
   * @param {string} before
   * @param {(page: {items: Moment[], next: string|null}, ids: string[]) => void} then
   */
  async #read(list, before, then) {
    list.loading = true;
    list.problem = "";
    this.#changed();
    try {
      const page = await this.#api.get(`${list.path}limit=${PAGE}${before && "&before=" + encodeURIComponent(before)}`);
      for (const m of page.items) this.#all.set(key(list, m.post), m);
      then(page, page.items.map((/** @type {Moment} */ m) => m.post));
    } catch (err) {
      list.problem = asProblem(err).code;
    } finally {
      list.loading = false;
      this.#changed();
    }
  }

  /** @param {Moment} m */
  #put(m) {
    this.#all.set(m.post, m);
    this.#changed();
  }

  /** @param {string} post */
  #forget(post) {
    this.#all.delete(post);
    for (const list of this.#lists.values()) list.posts = list.posts && list.posts.filter((p) => p !== post);
  }
}

/** Where a list's moment is held. @param {List} list @param {string} post */
const key = (list, post) => (list.path.includes("?as=") ? list.path + post : post);
