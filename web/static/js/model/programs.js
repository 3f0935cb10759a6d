// Mini-programs: those that were met, what is known of each, and what they may
// send us.

import { at } from "./api.js";
import { asProblem } from "./problem.js";

/** @typedef {import("./types.js").MiniProgram} MiniProgram */
/** @typedef {import("./types.js").Grant} Grant */
/** @typedef {import("./types.js").Sheet} Sheet */

/** How long a look-up that failed is left alone, in ms. */
const AGAIN_MS = 5000;
const FOUND_MOST = 400;

/** What an app is called among users. @param {string} id */
export const isApp = (id) => /^app-[a-z2-7]{26}$/.test(id);

/** Can this be a page of a mini-program: an absolute path, perhaps with a query? @param {unknown} page @returns {page is string} */
export const isPage = (page) =>
  typeof page === "string" && page.length <= 512 && /^\/(?!\/)[!-~]*$/.test(page) && !/[\\#]/.test(page) && !page.split("?")[0].includes("..");

/** Where a page is served from. @param {string} app @param {string} page */
export const addressOf = (app, page) => `/m/${app}${page}`;

export class Programs {
  /** What was found the last time; null before. @type {string[]|null} */
  found = null;
  /** What was looked for. */
  wanted = "";
  /** The code of what went wrong with that. */
  problem = "";
  /** Everything that apps may still send; null before it was read. @type {Grant[]|null} */
  grants = null;

  /** @type {Map<string, MiniProgram|null>} null while being looked up, or if there is none */
  #all = new Map();
  #api;
  #changed;

  /** @param {import("./api.js").Api} api @param {() => void} changed */
  constructor(api, changed) {
    this.#api = api;
    this.#changed = changed;
  }

  /** One of them; it is looked up if it is not here. @param {string} app @returns {MiniProgram|null} */
  get(app) {
    const known = this.#all.get(app);
    if (known === undefined) this.look(app).catch(() => {});
    return known ?? null;
  }

  /** @param {string} app */
  name(app) {
    return this.get(app)?.name ?? "";
  }

  /** Reads what is known of one now; null if there is none. @param {string} app @returns {Promise<MiniProgram|null>} */
  async look(app) {
    if (!this.#all.has(app)) this.#all.set(app, null);
    try {
      this.#all.set(app, await this.#api.get(at`/mini-programs/${app}`));
    } catch (err) {
      if (asProblem(err).code !== "not_found") {
        if (!this.#all.get(app)) setTimeout(() => this.#all.delete(app), AGAIN_MS);
        throw err;
      }
      this.#all.set(app, null);
    } finally {
      this.#changed();
    }
    return this.#all.get(app) ?? null;
  }

  /** Looks into the directory. @param {string} q */
  async find(q) {
    this.wanted = q;
    this.problem = "";
    try {
      const items = /** @type {MiniProgram[]} */ (await this.#api.list("/mini-programs", FOUND_MOST, q && { q }));
      for (const p of items) this.#all.set(p.app, p);
      if (this.wanted === q) this.found = items.map((p) => p.app);
    } catch (err) {
      this.problem = asProblem(err).code;
    }
    this.#changed();
  }

  /** What was found, those we follow first. @returns {{followed: MiniProgram[], others: MiniProgram[]}} */
  listed() {
    const all = (this.found ?? []).flatMap((app) => this.#all.get(app) ?? []);
    return { followed: all.filter((p) => p.following), others: all.filter((p) => !p.following) };
  }

  /** @param {string} app @param {boolean} on */
  async follow(app, on) {
    await this.#api.call(on ? "PUT" : "DELETE", at`/mini-programs/${app}/follow`);
    await this.look(app);
  }

  /** It can send nothing any more, and may not ask; lifting that revives nothing. @param {string} app @param {boolean} on */
  async mute(app, on) {
    await this.#api.call(on ? "PUT" : "DELETE", at`/mini-programs/${app}/mute`);
    await this.#stopped(app);
  }

  /** The same, and it cannot be written to. @param {string} app @param {boolean} on */
  async block(app, on) {
    await this.#api.call(on ? "PUT" : "DELETE", at`/blocks/${app}`);
    await this.#stopped(app);
  }

  /** For this app we become somebody it has never met. @param {string} app */
  async renew(app) {
    await this.#api.post(at`/mini-programs/${app}/openid/reset`);
    await this.#stopped(app);
  }

  /** @param {string} app */
  async #stopped(app) {
    await this.look(app);
    if (this.grants) await this.readGrants();
  }

  /** A code by which the app's server learns who we are to it. @param {string} app @returns {Promise<{code: string, expires_at: string}>} */
  login(app) {
    return this.#api.post(at`/mini-programs/${app}/login-codes`);
  }

  /**
   * A tap of the user, and the sheet that the server makes of it.
   * @param {string} app
   * @param {string} page that is open
   * @param {object[]} items what the page asks for
   * @returns {Promise<Sheet>}
   */
  async ask(app, page, items) {
    const { activation } = await this.#api.post("/activations", { app, kind: "tap", page });
    return this.#api.post("/consents", { app, activation, items });
  }

  /** @param {string} consent @param {{item: string, decision: "accept"|"reject"}[]} items @param {boolean} dontAsk */
  async decide(consent, items, dontAsk) {
    await this.#api.post(at`/consents/${consent}/decision`, { items, ...(dontAsk && { dont_ask_again: true }) });
    if (this.grants) this.readGrants().catch(() => {});
  }

  async readGrants() {
    this.grants = await this.#api.list("/me/grants");
    this.#changed();
  }

  /** @param {string} id */
  async revoke(id) {
    await this.#api.delete(at`/me/grants/${id}`);
    await this.readGrants();
  }

  /** What we did that this notice could come. @param {string} notice @returns {Promise<import("./types.js").Why>} */
  why(notice) {
    return this.#api.get(at`/me/notices/${notice}/why`);
  }

  /** Ends everything that allows notices like this one. @param {string} notice */
  async stop(notice) {
    await this.#api.post(at`/me/notices/${notice}/stop`);
    if (this.grants) await this.readGrants();
  }

  /** @param {string} notice @param {string} reason */
  async report(notice, reason) {
    await this.#api.post(at`/me/notices/${notice}/report`, { reason });
  }
}
