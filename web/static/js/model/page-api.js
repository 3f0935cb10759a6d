// What the page of a mini-program may ask of us, in the window it is shown in.
// It is somebody else's page: nothing of what it sends is taken for granted.

import { isPage } from "./programs.js";

/** How many requests a page may make at once, and how many in a second. */
const BURST = 12;
const PER_SECOND = 3;
const ITEMS_MOST = 3;

const OPS = new Set(["login", "notify", "open", "close", "context", "theme"]);

/** @typedef {{id: string|number, op: string, data: any}} Request */

/** @param {unknown} x @returns {x is Record<string, any>} */
const isObject = (x) => typeof x === "object" && x !== null && !Array.isArray(x);

/** A request, if a message is one. @param {unknown} message @returns {Request|null} */
export function request(message) {
  if (!isObject(message) || message.teahouse !== 1) return null;
  const { id, op, data } = message;
  const named = (typeof id === "string" && id.length <= 64) || Number.isSafeInteger(id);
  return named && typeof op === "string" && OPS.has(op) ? { id, op, data: isObject(data) ? data : {} } : null;
}

/** The page a request wants to go to. @param {any} data @returns {string|null} */
export const pageWanted = ({ page }) => (isPage(page) ? page : null);

/**
 * What a page asks to be allowed to send, in the server's words and no others: at
 * most three items. null: it is not that.
 * @param {any} data
 * @returns {{template: string, subject: string, locked: Record<string, Record<string, string>>}[]|null}
 */
export function itemsWanted({ items }) {
  if (!Array.isArray(items) || items.length === 0 || items.length > ITEMS_MOST) return null;
  const all = items.map(itemWanted);
  return all.every((i) => i !== null) ? all : null;
}

/** @param {unknown} item */
function itemWanted(item) {
  if (!isObject(item)) return null;
  const { template, subject, locked = {} } = item;
  if (typeof template !== "string" || typeof subject !== "string" || !isObject(locked)) return null;
  const values = Object.values(locked);
  if (!values.every((v) => isObject(v) && Object.values(v).every((w) => typeof w === "string"))) return null;
  return { template, subject, locked: /** @type {Record<string, Record<string, string>>} */ (locked) };
}

/** How much a page may ask: a few at once, and then as many in a second. */
export class Allowance {
  #left = BURST;
  #at;

  /** @param {number} now ms */
  constructor(now) {
    this.#at = now;
  }

  /** Takes one, if there is one. @param {number} now ms @returns {boolean} */
  take(now) {
    this.#left = Math.min(BURST, this.#left + (Math.max(0, now - this.#at) * PER_SECOND) / 1000);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
