// What others did to our moments, the newest first. What they took back is not
// here any more.

import { html, cls, useEffect } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { Link } from "./router.js";
import { Picture } from "./picture.js";
import { useSeen } from "./seen.js";
import { ago } from "../text/time.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").Entry} Entry */

const ICONS = { like: "heart", comment: "comment", mention: "mention" };

/** Who did it, and what that is in words. @param {Client} client @param {Entry} e */
function told(client, { kind, body }) {
  const mine = client.moments.get(body.post)?.author === client.user;
  if (kind === "like") return words.likedYours; // nobody else hears of likes
  if (kind === "mention") return words.mentionedYou;
  if (body.reply_to?.user === client.user) return words.repliedToYou;
  return mine ? words.commentedYours : words.commentedToo;
}

/** @param {{client: Client, e: Entry, fresh: boolean}} props */
function Notice({ client, e, fresh }) {
  const { body, kind } = e;
  const name = client.people.name(body.user);
  const about = client.moments.get(body.post);
  useEffect(() => {
    if (!about) client.moments.look(body.post).catch(() => {});
  }, [body.post]);
  const [picture] = about?.media ?? [];
  return html`
    <li class=${cls("item", "notice-item", fresh && "is-fresh")}>
      <${Avatar} id=${body.user} name=${name} />
      <${Link} to=${{ page: "moments", part: "post", post: body.post }} class="item-title">
        <span dir="auto">${name}</span> <span class="plain-weight">${told(client, e)}</span>${fresh && html`<span class="hidden">, ${words.newOne}</span>`}
      <//>
      <span class="item-line" dir="auto">
        <${Icon} name=${ICONS[/** @type {keyof typeof ICONS} */ (kind)]} />${kind === "comment" ? body.text : ago(e.at)}
      </span>
      ${picture
        ? html`<${Picture} key=${picture.media} picture=${picture} alt="" />`
        : about && html`<span class="notice-about" aria-hidden="true" dir="auto">${[...about.text].slice(0, 30).join("")}</span>`}
    </li>
  `;
}

/** @param {{client: Client, most?: number}} props */
export function NoticeList({ client, most = Infinity }) {
  const { notices } = client;
  const [ref, seen] = useSeen();
  const list = notices.list.slice(0, most);
  const newest = list[0]?.seq ?? 0;
  useEffect(() => {
    if (seen && document.visibilityState === "visible" && client.session.state === "online") notices.read();
  }, [seen, newest, client.session.state]);
  useEffect(() => () => notices.leave(), []);
  return html`
    <div ref=${ref} class="notices">
      <ul role="list" class="items" aria-label=${words.notices}>
        ${list.map((e) => html`<${Notice} key=${e.seq} client=${client} e=${e} fresh=${e.seq > notices.newFrom} />`)}
      </ul>
      ${list.length === 0 && html`<p class="soft empty-list">${words.noNotices}</p>`}
      ${!notices.complete && most === Infinity && list.length > 0 && html`<button type="button" class="link earlier" disabled=${notices.loading} onClick=${() => notices.older()}>${words.earlier}</button>`}
    </div>
  `;
}
