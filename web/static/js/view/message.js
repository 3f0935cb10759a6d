// One message: a bubble, what became of it, and what can be done with it.

import { html, cls, Component } from "./dom.js";
import { AppCard } from "./app-card.js";
import { Attached } from "./attached.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { Link } from "./router.js";
import { Menu } from "./menu.js";
import { complain, toast } from "./toasts.js";
import { gist } from "../text/sentences.js";
import { onlyEmoji, pieces } from "../text/links.js";
import { complaint, words } from "../text/words.js";
import { isApp } from "../model/programs.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../model/types.js").Entry} Entry */

/**
 * @typedef {object} Props
 * @property {Client} client
 * @property {Conversation} c
 * @property {Entry} e
 * @property {import("../model/outbox.js").Item} [item] while it is not known to be stored
 * @property {boolean} first of its group
 * @property {boolean} last of its group
 * @property {string} name of its author
 * @property {string} time
 * @property {"sending"|"waiting"|"failed"|"sent"|"seen"|""} fate
 * @property {Entry} [quoted] the entry it replies to, if it is here
 * @property {boolean} current the one that Tab reaches
 * @property {(key: string) => void} onFocus
 * @property {(e: Entry) => void} onReply
 */

const FATE_ICON = { sending: "clock", waiting: "clock", failed: "alert", sent: "check", seen: "checks" };
const DELETED = ["recalled", "removed"];

/** Names as they stand behind an @. @param {Client} client @param {Conversation} c @param {string[]} users */
const mentionNames = (client, c, users) =>
  users
    .flatMap((u) => (u === "@all" ? [words.everyone, "all"] : [client.people.name(u, c), publicName(client, c, u), u]))
    .sort((a, b) => b.length - a.length);

/** What everybody may call somebody in a group. @param {Client} client @param {Conversation} c @param {string} user */
export function publicName(client, c, user) {
  const member = c.members?.find((m) => m.user === user);
  return member?.nickname || member?.display_name || user;
}

/** @param {{client: Client, c: Conversation, e: Entry}} props */
function Text({ client, c, e }) {
  const { text, mentions } = e.body;
  return html`
    <p class=${cls("text", onlyEmoji(text) && "emoji")} dir="auto">
      ${pieces(text, mentions && mentionNames(client, c, mentions)).map((p) =>
        p.href
          ? html`<a href=${p.href} target="_blank" rel="noopener noreferrer nofollow">${p.text}</a>`
          : p.mention
            ? html`<b class="mention">${p.text}</b>`
            : p.text,
      )}
    </p>
  `;
}

/** @param {{client: Client, c: Conversation, e: Entry}} props */
function Content({ client, c, e }) {
  const { people } = client;
  const mine = e.from === client.user;
  switch (e.kind) {
    case "text":
      return html`<${Text} client=${client} c=${c} e=${e} />`;
    case "location":
      return html`
        <p class="spot"><${Icon} name="place" /><span><b dir="auto">${e.body.name || words.location}</b>
        <span class="soft">${e.body.lat.toFixed(4)}, ${e.body.lng.toFixed(4)}</span></span></p>
      `;
    case "contact":
      return html`
        <${Link} class="card" to=${{ page: "contacts", user: e.body.user }}>
          <${Avatar} id=${e.body.user} name=${people.name(e.body.user)} size="small" />
          <span><b dir="auto">${people.name(e.body.user)}</b><span class="soft">${words.card}</span></span>
        <//>
      `;
    case "app_card":
      return html`<${AppCard} client=${client} card=${e.body} />`;
    case "image":
    case "voice":
    case "video":
    case "file":
      return html`<${Attached} client=${client} c=${c} e=${e} />`;
    case "recalled": {
      const text = mine && c.recalled.get(e.seq);
      const again = () => {
        c.draft = /** @type {string} */ (text);
        client.changed();
        /** @type {HTMLElement|null} */ (document.querySelector(".composer textarea"))?.focus();
      };
      return html`
        <p class="gone">${gist(e, c, people)}${text && !c.closed && html` <button type="button" class="link" onClick=${again}>${words.editAgain}</button>`}</p>
      `;
    }
    case "removed":
      return html`<p class="gone">${words.removed}</p>`;
  }
  return html`<p class="gone">${words.unsupported}</p>`;
}

/** How long a finger rests on a message to open its menu, in ms. Not every phone tells it as a click of another button. */
const PRESS_MS = 450;

export class Message extends Component {
  /** @type {{current: (() => void)|null}} */
  opener = { current: null };
  press = 0;

  hold = () => {
    this.press = window.setTimeout(() => this.opener.current?.(), PRESS_MS);
  };

  release = () => clearTimeout(this.press);

  componentWillUnmount() {
    this.release();
  }

  /** Entries are never altered, only replaced; drawing one again is for what stands in its props. @param {any} next */
  shouldComponentUpdate(next) {
    const now = /** @type {any} */ (this.props);
    return Object.keys(next).some((key) => next[key] !== now[key]);
  }

  /** Who may take this back: the sender for a while, in a group those who lead. */
  mayRecall() {
    const { client, c, e } = /** @type {Props} */ (/** @type {any} */ (this.props));
    if (c.closed || !e.seq) return false;
    if (c.group) {
      const role = c.group.my_role;
      const leads = e.from === c.group.owner || c.group.admins.includes(e.from);
      if (role === "owner" || (role === "admin" && !leads)) return true;
    }
    const within = e.kind === "file" ? (client.limits.recall_file_ms || client.limits.recall_ms) : client.limits.recall_ms;
    return e.from === client.user && Date.now() - Date.parse(e.at) < within;
  }

  items() {
    const { client, c, e, item, onReply } = /** @type {Props} */ (/** @type {any} */ (this.props));
    const items = [];
    if (item) {
      if (item.failed) items.push({ label: words.tryAgain, icon: "recall", act: () => client.outbox.retry(item) });
      items.push({ label: words.discard, icon: "trash", danger: true, act: () => client.outbox.discard(item) });
    } else if (!c.closed) items.push({ label: words.reply, icon: "reply", act: () => onReply(e) });
    if (e.kind === "text") {
      const copy = () => navigator.clipboard.writeText(e.body.text).then(() => toast(words.copied), () => {});
      items.push({ label: words.copy, icon: "copy", act: copy });
    }
    if (this.mayRecall()) {
      const recall = () => client.recall(e).catch((err) => complain(complaint(err)));
      items.push({ label: words.recall, icon: "recall", danger: true, act: recall });
    }
    return items;
  }

  render() {
    const { client, c, e, item, first, last, name, time, fate, quoted, current, onFocus } = /** @type {Props} */ (/** @type {any} */ (this.props));
    const mine = e.from === client.user;
    const gone = DELETED.includes(e.kind);
    const replied = e.body.reply_to;
    /** @param {KeyboardEvent} k */
    const onKeyDown = (k) => {
      if (k.target !== k.currentTarget || !["Enter", " ", "ContextMenu"].includes(k.key) || !this.opener.current) return;
      k.preventDefault();
      this.opener.current();
    };
    const onContextMenu = (/** @type {MouseEvent} */ m) => {
      if (!this.opener.current || String(getSelection()) || /** @type {Element} */ (m.target).closest("a, input, video")) return;
      m.preventDefault();
      this.opener.current();
    };
    return html`
      <article class=${cls("message", mine ? "mine" : "theirs", first && "first", last && "last", gone && "is-gone", fate)} tabindex=${current ? 0 : -1}
        aria-label=${`${mine ? words.you : name}, ${time}`} onFocusIn=${() => onFocus(e.id)} onKeyDown=${onKeyDown} onContextMenu=${onContextMenu}>
        ${!mine && html`<span class="message-face">${first && html`<${Avatar} id=${e.from} name=${name} group=${isApp(e.from)} size="small" />`}</span>`}
        <div class=${cls("bubble", ["image", "video"].includes(e.kind) && "with-picture")} onTouchStart=${this.hold} onTouchMove=${this.release} onTouchEnd=${this.release} onTouchCancel=${this.release}>
          ${!mine && first && c.kind === "group" && html`<p class="author" dir="auto">${name}</p>`}
          ${replied > 0 && html`<p class="quote" dir="auto">${quoted ? html`<b>${client.people.name(quoted.from, c)}</b> ${gist(quoted, c, client.people)}` : words.replyGone}</p>`}
          <${Content} client=${client} c=${c} e=${e} />
          <p class="meta">
            <time datetime=${e.at}>${time}</time>
            ${fate && html`<span class="fate"><${Icon} name=${FATE_ICON[fate]} /><span class="hidden">${words[fate]}</span></span>`}
          </p>
        </div>
        ${item?.failed && html`<p class="why">${complaint({ code: item.failed })}</p>`}
        ${!gone && html`<${Menu} label=${words.more} class="message-menu" items=${() => this.items()} tabindex=${current ? 0 : -1} opener=${this.opener} />`}
      </article>
    `;
  }
}
