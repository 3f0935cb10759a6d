// An open conversation: its head, its log, the box to write in, and the details
// beside it.

import { html, cls, useEffect, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Composer } from "./composer.js";
import { ContactCard } from "./contact.js";
import { GroupDetails } from "./group.js";
import { Icon } from "./icons.js";
import { Link, go } from "./router.js";
import { Log } from "./log.js";
import { Menu } from "./menu.js";
import { Nothing } from "./nothing.js";
import { ProgramCard } from "./program.js";
import { begin, filesOf } from "./tray.js";
import { useBusy, useFocusOn } from "./use.js";
import { presence } from "../text/around.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../model/types.js").Entry} Entry */

/** The line below the title. @param {Client} client @param {Conversation} c */
function subtitle(client, c) {
  const typing = [...c.typing.keys()];
  if (typing.length > 1) return words.typingMany;
  if (typing.length === 1) {
    if (c.speaking.has(typing[0])) return words.speaking;
    return c.kind === "group" ? words.typingOne(client.people.name(typing[0], c)) : words.typing;
  }
  if (c.kind === "group") return c.group && !c.left ? words.memberCount(c.group.member_count) : "";
  if (c.kind === "service") return words.service;
  return presence(client.around.of(c.peer)) || "@" + c.peer;
}

/** @param {{client: Client, c: Conversation, details: boolean}} props */
function Head({ client, c, details }) {
  const [, run] = useBusy();
  const title = client.people.title(c);
  const set = (/** @type {any} */ change) => () => run(() => client.chats.configure(c, change));
  const items = () => [
    c.pinned
      ? { label: words.unpin, icon: "pin", act: set({ pinned: false }) }
      : { label: words.pin, icon: "pin", act: set({ pinned: true }) },
    c.muted
      ? { label: words.unmute, icon: "bell", act: set({ muted: false }) }
      : { label: words.mute, icon: "mute", act: set({ muted: true }) },
    {
      label: words.hide,
      icon: "hide",
      act: () => run(() => client.chats.configure(c, { hidden: true })).then((ok) => ok && go({ page: "chats" })),
    },
  ];
  return html`
    <header class="talk-head">
      <${Link} to=${{ page: "chats" }} class="quiet round button back" aria-label=${words.back}><${Icon} name="back" /><//>
      <${Avatar} id=${c.peer || c.stream} name=${title} group=${c.kind !== "direct"} dot=${c.kind === "direct"} />
      <div class="talk-title">
        <h2 tabindex="-1" dir="auto">${title}</h2>
        <p class=${cls(c.typing.size > 0 && "is-typing")}>${subtitle(client, c)}</p>
      </div>
      ${!c.left &&
      html`
        <${Link} to=${{ page: "chats", stream: c.stream, details: !details }} class="quiet round button" aria-label=${words.details}
          title=${words.details} aria-current=${details ? "true" : undefined}><${Icon} name="info" /><//>
        <${Menu} label=${words.more} items=${items} />
      `}
    </header>
  `;
}

/** Why one cannot, or perhaps should not, write here. @param {{client: Client, c: Conversation}} props */
function Notice({ client, c }) {
  const [, run] = useBusy();
  const { people } = client;
  const name = people.title(c);
  if (c.left) return html`<p class="notice">${words.leftGroup}</p>`;
  if (c.group?.settings.dissolved) return html`<p class="notice">${words.dissolvedGroup}</p>`;
  if (c.group?.settings.mute_all && c.group.my_role === "member") return html`<p class="notice">${words.mutedAll}</p>`;
  if (c.kind === "service") return c.entries.length === 0 ? html`<p class="notice">${words.serviceHint}</p>` : null;
  if (c.kind !== "direct" || !people.ready) return null;
  if (people.blocked(c.peer)) {
    const lift = () => run(() => people.block(c.peer, false));
    return html`<p class="notice">${words.blockedHere(name)} <button type="button" class="link" onClick=${lift}>${words.unblock}</button></p>`;
  }
  if (people.friends.has(c.peer)) return null;
  return html`
    <p class="notice">
      ${words.notFriends(name)} <${Link} to=${{ page: "contacts", user: c.peer }}>${people.asked.has(c.peer) ? words.asked : words.askFriend}<//>
    </p>
  `;
}

/** @param {{client: Client, stream: string, details: boolean}} props */
export function ConversationPage({ client, stream, details }) {
  const c = client.chats.all.get(stream);
  const [gone, setGone] = useState(false);
  const [hover, setHover] = useState(false);
  const [replyTo, setReplyTo] = useState(/** @type {Entry|null} */ (null));
  const looking = !c && client.chats.ready && client.session.state === "online" && !gone;
  useEffect(() => {
    if (looking) client.chats.open(stream).catch(() => setGone(true));
  }, [looking]);
  useEffect(() => {
    if (c?.kind === "group" && !c.members) client.chats.loadMembers(c);
  }, [c]);
  if (!c) {
    return html`
      <header class="talk-head back">
        <${Link} to=${{ page: "chats" }} class="quiet round button back" aria-label=${words.back}><${Icon} name="back" /><//>
      </header>
      ${gone
        ? html`<${Nothing} picture="img/leaves.svg" title=${words.notFound} hint=${words.notFoundHint} />`
        : html`<div class="waiting" aria-busy="true"></div>`}
    `;
  }
  const drop = (/** @type {DragEvent} */ e) => {
    e.preventDefault();
    setHover(false);
    if (c.closed) return;
    c.attached = [...c.attached, ...begin(client, filesOf(e.dataTransfer))];
    client.changed();
  };
  const over = (/** @type {DragEvent} */ e) => {
    if (!e.dataTransfer?.types.includes("Files")) return;
    e.preventDefault();
    setHover(!c.closed);
  };
  return html`
    <div class=${cls("talk", details && "with-details", hover && "drop-here")} onDragOver=${over} onDragLeave=${() => setHover(false)} onDrop=${drop}>
      <div class="talk-main">
        <${Head} client=${client} c=${c} details=${details} />
        <${Log} client=${client} c=${c} onReply=${setReplyTo} />
        <${Notice} client=${client} c=${c} />
        ${!c.closed && html`<${Composer} client=${client} c=${c} details=${details} replyTo=${replyTo} onReply=${setReplyTo} />`}
      </div>
      ${details && html`<${Details} client=${client} c=${c} />`}
    </div>
  `;
}

/** @param {{client: Client, c: Conversation}} props */
function Details({ client, c }) {
  const heading = useFocusOn(c.stream);
  return html`
    <aside class="details" aria-label=${words.details}>
      <header class="pane-head">
        <h2 tabindex="-1" ref=${heading}>${words.details}</h2>
        <${Link} to=${{ page: "chats", stream: c.stream }} class="quiet round button" aria-label=${words.close}><${Icon} name="close" /><//>
      </header>
      <div class="scroll">
        ${c.kind === "group" && html`<${GroupDetails} client=${client} c=${c} />`}
        ${c.kind === "service" && html`<${ProgramCard} client=${client} app=${c.peer} />`}
        ${c.kind === "direct" && html`<${ContactCard} client=${client} user=${c.peer} />`}
      </div>
    </aside>
  `;
}
