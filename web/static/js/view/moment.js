// One moment: what somebody shared, who liked it, and what was said to it.

import { Component, html, cls, useLayoutEffect, useRef, useState } from "./dom.js";
import { AppCard } from "./app-card.js";
import { AudienceDialog, WhyDialog, audienceIcon, audienceWords } from "./audience.js";
import { Avatar } from "./avatar.js";
import { CommentBox, Comments } from "./comments.js";
import { Icon } from "./icons.js";
import { Link } from "./router.js";
import { Menu } from "./menu.js";
import { Pictures } from "./picture.js";
import { Viewer } from "./viewer.js";
import { Written } from "./written.js";
import { sure } from "./ask.js";
import { toast } from "./toasts.js";
import { useBusy } from "./use.js";
import { ago } from "../text/time.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").Moment} Moment */
/** @typedef {import("../model/types.js").Comment} Comment */

/** How old it is is told anew so often, in ms. */
const MINUTE_MS = 60_000;

/** A text that is folded when it is long. @param {{text: string}} props */
function Text({ text }) {
  const ref = useRef(/** @type {any} */ (null));
  const [long, setLong] = useState(false);
  const [open, setOpen] = useState(false);
  useLayoutEffect(() => setLong(ref.current.scrollHeight > ref.current.clientHeight + 4), [text]);
  return html`
    <p ref=${ref} class=${cls("moment-text", !open && "folded")} dir="auto"><${Written} text=${text} /></p>
    ${long && html`<button type="button" class="link" aria-expanded=${String(open)} onClick=${() => setOpen(!open)}>${open ? words.showLess : words.showAll}</button>`}
  `;
}

/** Those who like it, friends by name. @param {{client: Client, m: Moment}} props */
function Likes({ client, m }) {
  if (m.likes.length === 0) return null;
  return html`
    <p class="likes">
      <${Icon} name="heart" /><span class="hidden">${words.likedBy}</span>
      <span dir="auto">
        ${m.likes.map(({ user }, i) => html`${i > 0 && words.listJoin}<${Link} key=${user} to=${{ page: "moments", part: "by", user }}>${user === client.user ? words.you : client.people.name(user)}<//>`)}
      </span>
    </p>
  `;
}

/** @param {{client: Client, m: Moment, on: (what: "audience"|"why") => void}} props */
function More({ client, m, on }) {
  const [, run] = useBusy();
  const { moments, people } = client;
  const items = () => {
    const muted = moments.muted.has(m.post);
    const mute = {
      label: muted ? words.hearAgain : words.hearNothing,
      icon: muted ? "bell" : "mute",
      act: () => run(() => moments.mute(m, !muted)).then((ok) => ok && toast(muted ? words.heardAgain : words.heardNothing)),
    };
    if (m.author !== client.user) {
      const name = people.name(m.author);
      const hide = async () => {
        if (!(await sure(words.hideTheirs, words.hideTheirsSure(name)))) return;
        if (await run(() => people.edit(m.author, { hide_their_moments: true }))) moments.refresh(moments.timeline());
      };
      return [mute, ...(people.friends.has(m.author) ? [{ label: words.hideTheirs, icon: "hide", act: hide }] : [])];
    }
    const remove = async () => {
      if (await sure(words.deleteMoment, words.deleteMomentSure)) run(() => moments.remove(m));
    };
    return [
      { label: words.whoSees, icon: "eye", act: () => on("why") },
      { label: words.changeAudience, icon: "group", act: () => on("audience") },
      mute,
      { label: words.deleteMoment, icon: "trash", danger: true, act: remove },
    ];
  };
  return html`<${Menu} label=${words.more} items=${items} />`;
}

/** @param {{client: Client, m: Moment}} props */
function Head({ client, m }) {
  const name = client.people.name(m.author);
  const to = { page: "moments", part: "by", user: m.author };
  const mentions = m.mentions ?? [];
  return html`
    <p class="moment-head">
      <${Link} to=${to} class="moment-author" dir="auto">${name}<//>
      ${mentions.length > 0 && html`<span class="soft" dir="auto">${words.withPeople(mentions.map((u) => (u === client.user ? words.youInside : client.people.name(u))).join(words.listJoin))}</span>`}
    </p>
    <p class="moment-when">
      <${Link} to=${{ page: "moments", part: "post", post: m.post }}><time datetime=${m.at}>${ago(m.at)}</time><//>
      ${m.location && html`<span dir="auto"><${Icon} name="place" />${m.location.name || words.location}</span>`}
      ${m.audience && html`<span dir="auto" title=${words.audience}><${Icon} name=${audienceIcon(m.audience)} />${audienceWords(client, m.audience)}</span>`}
    </p>
  `;
}

/** @param {{client: Client, m: Moment, still?: boolean}} props */
function Card({ client, m, still = false }) {
  const [asking, setAsking] = useState(/** @type {""|"audience"|"why"} */ (""));
  const [writing, setWriting] = useState(/** @type {{replyTo: Comment|null}|null} */ (null));
  const [viewing, setViewing] = useState(-1);
  const [busy, run] = useBusy();
  const commenting = useRef(/** @type {any} */ (null));
  const { moments, people } = client;
  const stopWriting = () => {
    setWriting(null);
    commenting.current?.focus({ preventScroll: true });
  };
  const liked = m.likes.some((l) => l.user === client.user);
  const name = people.name(m.author);
  const like = () => run(() => moments.like(m, !liked));
  const choose = (/** @type {any} */ audience) => run(() => moments.setAudience(m, audience)).then((ok) => ok && setAsking(""));
  return html`
    <article class="moment" aria-label=${words.momentBy(name, ago(m.at))} tabindex="-1">
      <${Avatar} id=${m.author} name=${name} dot=${!still && m.author !== client.user} />
      <div class="moment-body">
        <${Head} client=${client} m=${m} />
        ${m.text && html`<${Text} text=${m.text} />`}
        <${Pictures} pictures=${m.media ?? []} onOpen=${setViewing} />
        ${m.app_card && html`<${AppCard} client=${client} card=${m.app_card} />`}
        ${!still &&
        html`
          <div class="moment-tools">
            <button type="button" class=${cls("quiet small", liked && "liked")} aria-pressed=${String(liked)} disabled=${busy} onClick=${like}>
              <${Icon} name="heart" class=${liked ? "filled" : ""} />${words.like}
            </button>
            ${m.likes.length > 0 && html`<span class="tally" aria-hidden="true">${m.likes.length}</span>`}
            <button ref=${commenting} type="button" class="quiet small" aria-expanded=${String(Boolean(writing))} onClick=${() => setWriting(writing ? null : { replyTo: null })}>
              <${Icon} name="comment" />${words.comment}
            </button>
            ${m.comments.length > 0 && html`<span class="tally" aria-hidden="true">${m.comments.length}</span>`}
            <${More} client=${client} m=${m} on=${setAsking} />
          </div>
        `}
        ${(m.likes.length > 0 || m.comments.length > 0) &&
        html`
          <div class="said">
            <${Likes} client=${client} m=${m} />
            <${Comments} client=${client} m=${m} still=${still} onReply=${(/** @type {Comment} */ c) => setWriting({ replyTo: c })} />
          </div>
        `}
        ${writing && html`<${CommentBox} client=${client} m=${m} replyTo=${writing.replyTo} onClose=${stopWriting} onReply=${(/** @type {Comment|null} */ c) => setWriting({ replyTo: c })} />`}
      </div>
      ${viewing >= 0 && html`<${Viewer} pictures=${m.media} from=${viewing} onClose=${() => setViewing(-1)} />`}
      ${asking === "why" && html`<${WhyDialog} client=${client} m=${m} onClose=${() => setAsking("")} />`}
      ${asking === "audience" && m.audience && html`<${AudienceDialog} client=${client} audience=${m.audience} action=${words.save} onClose=${() => setAsking("")} onChoose=${choose} />`}
    </article>
  `;
}

/**
 * A moment is never altered, only replaced; drawing one again is for what stands
 * in its props. There may be hundreds of them on the page.
 *
 * @typedef {object} Props
 * @property {Client} client
 * @property {Moment} m
 * @property {boolean} [still] it is only looked at: as a friend sees it
 */
export class MomentCard extends Component {
  /** What else it is drawn from, when it was. */
  drawn = "";

  stamp() {
    const { client } = /** @type {Props} */ (/** @type {any} */ (this.props));
    return [client.people.stamp, words.code, Math.floor(Date.now() / MINUTE_MS)].join();
  }

  /** @param {any} next */
  shouldComponentUpdate(next) {
    const { m, still } = /** @type {Props} */ (/** @type {any} */ (this.props));
    return next.m !== m || next.still !== still || this.stamp() !== this.drawn;
  }

  render() {
    this.drawn = this.stamp();
    return html`<${Card} ...${this.props} />`;
  }
}
