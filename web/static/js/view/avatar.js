// A face for everybody: their picture, or initials on a colour that stays the
// same for a name; and whether they are around.

import { html, cls, useEffect } from "./dom.js";
import { useClient, useLive } from "./here.js";
import { useMedium } from "./picture.js";
import { useSeen } from "./seen.js";

/** One of the eight colours of parts.css: FNV-1a, stirred, so that names that differ little get others. @param {string} text */
function colour(text) {
  let hash = 0x811c9dc5;
  for (const c of text) hash = Math.imul(hash ^ /** @type {number} */ (c.codePointAt(0)), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 13), 0x5bd1e995);
  return (hash ^ (hash >>> 15)) >>> 29;
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

/** Somebody's state, told as long as this is on screen. @param {{user: string}} props */
function Dot({ user }) {
  const client = useClient();
  const [ref, seen] = useSeen();
  useEffect(() => (seen ? client?.around.watch(user) : undefined), [seen, user]);
  const state = useLive((c) => c?.around.of(user)?.state ?? "offline", [user]);
  return html`<i ref=${ref} class=${cls("dot", state)}></i>`;
}

/** @param {{media: string}} props */
function Portrait({ media }) {
  const url = useMedium(media, { small: true });
  return url && html`<img src=${url} alt="" />`;
}

/** @param {{id: string, name: string, group?: boolean, size?: "small"|"large", dot?: boolean}} props */
export function Avatar({ id, name, group = false, size, dot = false }) {
  const client = useClient();
  const media = group ? "" : client?.people.avatar(id);
  const [ref, seen] = useSeen({ once: true });
  useEffect(() => {
    if (seen && !group) client?.people.face(id);
  }, [seen, id]);
  return html`
    <span ref=${ref} class=${cls("avatar", "hue-" + colour(id), group && "of-group", size)} aria-hidden="true">
      ${initials(name)}${media && html`<${Portrait} key=${media} media=${media} />`}
      ${dot && html`<${Dot} key=${id} user=${id} />`}
    </span>
  `;
}
