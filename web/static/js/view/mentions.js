// Mentioning people of a group: names are offered behind an @.

import { html, cls, useEffect, useId, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { publicName } from "./message.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */

const OFFERED = 6;
const ALL = "@all";

/** What stands between an @ and the caret; null if there is none. @param {string} text @param {number} caret @returns {string|null} */
export const wanted = (text, caret) => /(?:^|\s)@([^\s@]{0,32})$/.exec(text.slice(0, caret))?.[1] ?? null;

/** @param {Conversation} c */
const leads = (c) => c.group?.my_role === "owner" || c.group?.my_role === "admin";

/** Whom a text mentions. @param {Client} client @param {Conversation} c @param {string} text @returns {string[]} */
export function mentioned(client, c, text) {
  if (c.kind !== "group" || !text.includes("@")) return [];
  const users = (c.members ?? []).map((m) => m.user).filter((u) => u !== client.user && text.includes("@" + publicName(client, c, u)));
  if (leads(c) && text.includes("@" + words.everyone)) users.unshift(ALL);
  return users.slice(0, 50);
}

/**
 * @param {object} props
 * @param {Client} props.client
 * @param {Conversation} props.c
 * @param {string} props.query
 * @param {(name: string) => void} props.onPick
 * @param {() => void} props.onClose
 * @param {{current: {onKey: (e: KeyboardEvent) => boolean}|null}} props.keys filled with what handles the box's keys meanwhile
 */
export function Mentions({ client, c, query, onPick, onClose, keys }) {
  const [at, setAt] = useState(0);
  const id = useId();
  useEffect(() => setAt(0), [query]);
  const looked = query.toLowerCase();
  const people = (c.members ?? [])
    .filter((m) => m.user !== client.user)
    .map((m) => ({ user: m.user, name: publicName(client, c, m.user), shown: client.people.name(m.user, c) }));
  if (leads(c)) people.unshift({ user: ALL, name: words.everyone, shown: words.everyone });
  const found = people.filter((p) => [p.user, p.name, p.shown].some((n) => n.toLowerCase().includes(looked))).slice(0, OFFERED);

  /** @param {KeyboardEvent} e */
  const onKey = (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && found.length) setAt((at + step + found.length) % found.length);
    else if ((e.key === "Enter" || e.key === "Tab") && found[at]) onPick(found[at].name);
    else if (e.key === "Escape") onClose();
    else return false;
    return true;
  };
  keys.current = { onKey };
  useEffect(() => () => void (keys.current = null), []);
  if (found.length === 0) return null;
  return html`
    <div class="mentions" role="listbox" aria-label=${words.mentionPeople}>
      ${found.map(
        (p, i) => html`
          <button key=${p.user} id=${id + i} type="button" role="option" tabindex="-1" aria-selected=${String(i === at)} class=${cls(i === at && "picked")}
            onMouseDown=${(/** @type {Event} */ e) => e.preventDefault()} onClick=${() => onPick(p.name)}>
            <${Avatar} id=${p.user} name=${p.shown} size="small" /><span dir="auto">${p.shown}</span>
            ${p.user !== ALL && html`<span class="soft">@${p.user}</span>`}
          </button>
        `,
      )}
    </div>
  `;
}
