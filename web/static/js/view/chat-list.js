// The list of conversations.

import { html, cls, useEffect, useRef, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { Link } from "./router.js";
import { brief } from "../text/time.js";
import { gist, preview } from "../text/sentences.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */

/** From so many conversations on they can be searched. */
const FILTER_FROM = 8;

/** Arrow keys go from link to link of a list. @param {KeyboardEvent} e */
export function arrows(e) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  const list = /** @type {HTMLElement} */ (e.currentTarget);
  const links = [...list.querySelectorAll("a")];
  const i = links.indexOf(/** @type {HTMLAnchorElement} */ (document.activeElement));
  if (!step || i < 0) return;
  e.preventDefault();
  links[Math.min(links.length - 1, Math.max(0, i + step))].focus();
}

/** @param {{client: Client, c: Conversation, picked: boolean}} props */
function Item({ client, c, picked }) {
  const { people } = client;
  const title = people.title(c);
  const { unread } = c;
  const name = unread ? `${title}, ${words.unread(unread)}` : title;
  const id = "about-" + c.stream;
  const waiting = client.outbox.of(c.stream).at(-1);
  const typing = [...c.typing.keys()];
  const state = c.kind === "direct" ? client.around.of(c.peer)?.state : "";
  return html`
    <li aria-label=${name} class=${cls("item", picked && "is-picked")}>
      <${Avatar} id=${c.peer || c.stream} name=${title} group=${c.kind !== "direct"} dot=${c.kind === "direct" && people.friends.has(c.peer)} />
      <${Link} to=${{ page: "chats", stream: c.stream }} class="item-title" dir="auto" data-stream=${c.stream} aria-describedby=${id} aria-current=${picked ? "true" : undefined}>
        ${title}${unread > 0 && html`<span class="hidden">, ${words.unread(unread)}</span>`}
      <//>
      <span class="item-time">
        ${waiting ? html`<${Icon} name=${waiting.failed ? "alert" : "clock"} class=${waiting.failed ? "bad" : ""} />` : c.last && brief(c.last.at)}
      </span>
      <span class="item-line" id=${id} dir="auto">
        ${state === "online" && html`<span class="hidden">${words.online}. </span>`}
        ${typing.length > 0
          ? html`<em>${c.speaking.has(typing[0]) ? words.speaking : c.kind === "group" ? words.typingOne(people.name(typing[0], c)) : words.typing}</em>`
          : c.draft && !picked
            ? html`<em class="draft">${words.draft}:</em> ${c.draft}`
            : waiting ? gist({ ...waiting, from: client.user }, c, people) : preview(c, people)}
      </span>
      <span class="item-marks">
        ${c.muted && html`<${Icon} name="mute" />`}
        ${c.pinned && html`<${Icon} name="pin" />`}
        ${unread > 0 && html`<b class=${cls("badge", c.muted && "soft")} aria-hidden="true">${unread > 999 ? "999+" : unread}</b>`}
      </span>
    </li>
  `;
}

/** What apps were allowed to send, as one line of the list. @param {{client: Client, picked: boolean}} props */
function InboxItem({ client, picked }) {
  const { inbox } = client;
  const [last] = inbox.list;
  const { unread } = inbox;
  const name = unread ? `${words.serviceNotices}, ${words.unread(unread)}` : words.serviceNotices;
  return html`
    <li aria-label=${name} class=${cls("item", picked && "is-picked")}>
      <span class="avatar of-group of-notices" aria-hidden="true"><${Icon} name="bell" /></span>
      <${Link} to=${{ page: "chats", stream: inbox.stream }} class="item-title" data-stream=${inbox.stream} aria-describedby="about-notices" aria-current=${picked ? "true" : undefined}>
        ${words.serviceNotices}${unread > 0 && html`<span class="hidden">, ${words.unread(unread)}</span>`}
      <//>
      <span class="item-time">${brief(last.at)}</span>
      <span class="item-line" id="about-notices" dir="auto">${last.body.app_name}: ${last.body.state_label ?? last.body.title}</span>
      <span class="item-marks">${unread > 0 && html`<b class="badge" aria-hidden="true">${unread > 999 ? "999+" : unread}</b>`}</span>
    </li>
  `;
}

const Skeletons = () => html`
  <div class="skeletons" aria-hidden="true">${[1, 2, 3, 4, 5].map((n) => html`<div key=${n} class="skeleton"><i></i><b></b><b></b></div>`)}</div>
`;

/** @param {{client: Client, picked?: string}} props */
export function ChatList({ client, picked }) {
  const [filter, setFilter] = useState("");
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  const before = useRef(picked);
  useEffect(() => {
    // Back from a conversation: go on where one was.
    const was = before.current;
    before.current = picked;
    if (was && !picked) [...(list.current?.querySelectorAll("a") ?? [])].find((a) => a.dataset.stream === was)?.focus();
  }, [picked]);
  const { chats, people } = client;
  const all = chats.listed();
  const wanted = filter.trim().toLowerCase();
  const notice = wanted ? undefined : client.inbox.list[0];
  const shown = wanted ? all.filter((c) => people.title(c).toLowerCase().includes(wanted) || c.peer.includes(wanted)) : all;
  // Notices stand among the conversations, by their time.
  const behind = notice ? shown.findIndex((c) => !c.pinned && (c.last?.at ?? "") < notice.at) : 0;
  const place = behind < 0 ? shown.length : behind;
  const item = (/** @type {Conversation} */ c) => html`<${Item} key=${c.stream} client=${client} c=${c} picked=${c.stream === picked} />`;
  return html`
    <header class="pane-head">
      <h1>${words.chats}</h1>
      <${Link} to=${{ page: "new-group" }} class="quiet round button" aria-label=${words.newGroup} title=${words.newGroup}><${Icon} name="plus" /><//>
    </header>
    ${all.length >= FILTER_FROM &&
    html`
      <div class="filter">
        <${Icon} name="search" />
        <input type="search" aria-label=${words.filterChats} placeholder=${words.filterChats} value=${filter}
          onInput=${(/** @type {any} */ e) => setFilter(e.currentTarget.value)} />
      </div>
    `}
    <div class="scroll">
      ${!chats.ready && all.length === 0 && html`<${Skeletons} />`}
      <ul ref=${list} role="list" class="items" aria-label=${words.chats} onKeyDown=${arrows}>
        ${shown.slice(0, place).map(item)}
        ${notice && html`<${InboxItem} key="notices" client=${client} picked=${picked === client.inbox.stream} />`}
        ${shown.slice(place).map(item)}
      </ul>
      ${chats.ready && all.length === 0 && !notice && html`<div class="empty-list"><h2>${words.noChats}</h2><p>${words.noChatsHint}</p></div>`}
      ${wanted && shown.length === 0 && html`<p class="empty-list">${words.nothingFound}</p>`}
    </div>
  `;
}
