// A face for everybody: initials on a colour that stays the same for a name.

import { html, cls } from "./dom.js";

/** How many colours base.css has. */
const COLOURS = 8;

/** @param {string} text */
function colour(text) {
  let hash = 7;
  for (const c of text) hash = (hash * 31 + /** @type {number} */ (c.codePointAt(0))) >>> 0;
  return hash % COLOURS;
}

const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/u;
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** @param {string} text */
const first = (text) => graphemes.segment(text)[Symbol.iterator]().next().value?.segment ?? "";

/** One or two letters that stand for a name. @param {string} name */
export function initials(name) {
  const parts = name.trim().split(/[\s._-]+/).filter(Boolean);
  const one = first(parts[0] ?? "");
  if (!one || WIDE.test(one) || parts.length < 2) return one.toUpperCase();
  return (one + first(parts[parts.length - 1])).toUpperCase();
}

/** @param {{id: string, name: string, group?: boolean, size?: "small"|"large"}} props */
export const Avatar = ({ id, name, group = false, size }) => html`
  <span class=${cls("avatar", "hue-" + colour(id), group && "of-group", size)} aria-hidden="true">${initials(name)}</span>
`;
