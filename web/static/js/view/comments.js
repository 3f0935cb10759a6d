// What was said to a moment, and the box to say something in.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { Link } from "./router.js";
import { Menu } from "./menu.js";
import { Written } from "./written.js";
import { sure } from "./ask.js";
import { useBusy } from "./use.js";
import { ago } from "../text/time.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").Moment} Moment */
/** @typedef {import("../model/types.js").Comment} Comment */

/** So many are shown at once; the earlier ones of a long talk are asked for. */
const SHOWN = 8;

/** @param {{client: Client, m: Moment, c: Comment, still: boolean, onReply: (c: Comment) => void}} props */
function Line({ client, m, c, still, onReply }) {
  const [, run] = useBusy();
  const { people } = client;
  const called = (/** @type {string} */ user) => (user === client.user ? words.you : people.name(user));
  const remove = async () => {
    if (await sure(words.deleteComment, words.deleteCommentSure)) run(() => client.moments.removeComment(m, c));
  };
  const items = () => [
    { label: words.reply, icon: "reply", act: () => onReply(c) },
    ...(c.from === client.user || m.author === client.user ? [{ label: words.deleteComment, icon: "trash", danger: true, act: remove }] : []),
  ];
  return html`
    <li class="said-line">
      <${Avatar} id=${c.from} name=${people.name(c.from)} size="small" />
      <div class="said-text">
        <p dir="auto">
          <${Link} to=${{ page: "moments", part: "by", user: c.from }} class="said-author">${called(c.from)}<//>${" "}${c.reply_to && html`<span class="soft">${words.repliedTo(called(c.reply_to.user))}</span>${" "}`}<span class="said-words"><${Written} text=${c.text} /></span>
        </p>
        <p class="said-when"><time datetime=${c.at}>${ago(c.at)}</time>
          ${!still && html`<button type="button" class="link" aria-label=${words.replyingTo(called(c.from))} onClick=${() => onReply(c)}>${words.reply}</button>`}</p>
      </div>
      ${!still && html`<${Menu} label=${`${words.more}: ${called(c.from)}`} items=${items} class="said-menu" />`}
    </li>
  `;
}

/** @param {{client: Client, m: Moment, still: boolean, onReply: (c: Comment) => void}} props */
export function Comments({ client, m, still, onReply }) {
  const [all, setAll] = useState(false);
  if (m.comments.length === 0) return null;
  const shown = all ? m.comments : m.comments.slice(-SHOWN);
  const before = m.comments.length - shown.length;
  return html`
    ${before > 0 && html`<button type="button" class="link earlier" onClick=${() => setAll(true)}>${words.earlierOnes(before)}</button>`}
    <ul role="list" class="said-list" aria-label=${words.comments}>
      ${shown.map((c) => html`<${Line} key=${c.id} client=${client} m=${m} c=${c} still=${still} onReply=${onReply} />`)}
    </ul>
  `;
}

/**
 * @param {object} props
 * @param {Client} props.client
 * @param {Moment} props.m
 * @param {Comment|null} props.replyTo
 * @param {(c: Comment|null) => void} props.onReply
 * @param {() => void} props.onClose
 */
export function CommentBox({ client, m, replyTo, onReply, onClose }) {
  const box = useRef(/** @type {any} */ (null));
  const [text, setText] = useState("");
  const [busy, run] = useBusy();
  const over = [...text].length - (client.limits.comment_text || 2000);
  const name = replyTo ? client.people.name(replyTo.from) : "";
  useLayoutEffect(() => box.current.focus(), [replyTo]);
  useEffect(() => box.current.scrollIntoView({ block: "nearest" }), []);

  /** @param {Event} [e] */
  const submit = (e) => {
    e?.preventDefault();
    if (!text.trim() || over > 0 || busy) return;
    run(() => client.moments.comment(m, text.trim(), replyTo)).then((ok) => {
      if (!ok) return;
      setText("");
      onClose();
    });
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ e) => {
    if (e.isComposing) return;
    if (e.key === "Enter" && !e.shiftKey) submit(e);
    if (e.key === "Escape") replyTo ? onReply(null) : onClose();
  };
  return html`
    <form class="say" onSubmit=${submit}>
      <textarea ref=${box} rows="1" dir="auto" aria-label=${replyTo ? words.replyingTo(name) : words.writeComment} placeholder=${replyTo ? words.replyingTo(name) : words.writeComment}
        value=${text} onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)} onKeyDown=${onKeyDown}></textarea>
      <button type="submit" class="primary round" aria-label=${words.send} title=${words.send} disabled=${!text.trim() || over > 0 || busy}><${Icon} name="send" /></button>
    </form>
    ${over > 0 && html`<p class="over" role="alert">${words.charactersOver(over)}</p>`}
  `;
}
