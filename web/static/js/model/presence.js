// Who is around: those whose faces are on screen are watched, nobody else.

import { asProblem } from "./problem.js";

/** @typedef {import("./types.js").Presence} Presence */

const SETTLED_MS = 150;
const AGAIN_MS = 2000;
const WATCHED_MOST = 200;
/** Out of sight for so long counts as away. */
const AWAY_MS = 5 * 60_000;

export class Around {
  /** @type {Map<string, Presence>} */
  #known = new Map();
  /** How many faces of somebody are on screen. @type {Map<string, number>} */
  #faces = new Map();
  #told = "";
  #timer = 0;
  #away = 0;
  /** We said that we are away because nobody looked at the page. */
  #dozing = false;
  #to;

  /**
   * @param {object} to
   * @param {(op: string, data: object) => Promise<any>} to.call
   * @param {() => boolean} to.automatic  Nobody chose how we are to be seen: it follows whether the page is looked at.
   * @param {() => void} to.changed
   */
  constructor(to) {
    this.#to = to;
  }

  /** What is known about somebody. @param {string} user @returns {Presence|undefined} */
  of(user) {
    return this.#known.get(user);
  }

  /** A face of somebody is on screen, until the returned function is called. @param {string} user */
  watch(user) {
    this.#faces.set(user, (this.#faces.get(user) ?? 0) + 1);
    this.#soon();
    return () => {
      const left = (this.#faces.get(user) ?? 1) - 1;
      if (left > 0) this.#faces.set(user, left);
      else this.#faces.delete(user);
      this.#soon();
    };
  }

  /** A new connection knows nothing of what was watched before. */
  welcome() {
    this.#told = "";
    this.#dozing = false;
    this.#soon();
    this.looked();
  }

  /** @param {Presence} one */
  learn(one) {
    this.#known.set(one.user, one);
    this.#to.changed();
  }

  /** The page came into sight or went out of it. */
  looked() {
    clearTimeout(this.#away);
    if (document.visibilityState === "hidden") this.#away = window.setTimeout(() => this.#doze(true), AWAY_MS);
    else if (this.#dozing) this.#doze(false);
  }

  /** @param {boolean} on */
  #doze(on) {
    if (!this.#to.automatic()) return;
    this.#to.call("status", { state: on ? "away" : "active" }).then(() => (this.#dozing = on), () => {});
  }

  /** @param {number} [ms] */
  #soon(ms = SETTLED_MS) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#tell(), ms);
  }

  async #tell() {
    const users = [...this.#faces.keys()].slice(-WATCHED_MOST).sort();
    const key = users.join();
    if (key === this.#told) return;
    this.#told = key;
    try {
      const { presence } = await this.#to.call("watch", { users });
      for (const one of presence) this.#known.set(one.user, one);
      for (const user of this.#known.keys()) if (!this.#faces.has(user)) this.#known.delete(user); // it is not told any more
      this.#to.changed();
    } catch (err) {
      this.#told = ""; // offline, most likely: the next connection asks again
      const { code, retryMs } = asProblem(err);
      if (code === "rate_limited") this.#soon(retryMs || AGAIN_MS);
    }
  }
}
