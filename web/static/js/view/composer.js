// The box to write in.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { Icon } from "./icons.js";
import { Mentions, mentioned, wanted } from "./mentions.js";
import { touches } from "./use.js";
import { gist } from "../text/sentences.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../model/types.js").Entry} Entry */

/** Where the browser cannot size the box by its content. */
const growsItself = CSS.supports("field-sizing", "content");
const utf8 = new TextEncoder();

/** @param {{client: Client, c: Conversation, details: boolean, replyTo: Entry|null, onReply: (e: Entry|null) => void}} props */
export function Composer({ client, c, details, replyTo, onReply }) {
  const box = useRef(/** @type {any} */ (null));
  const [query, setQuery] = useState(/** @type {string|null} */ (null));
  const mentions = useRef(/** @type {{onKey: (e: KeyboardEvent) => boolean}|null} */ (null));
  const text = c.draft;
  const over = utf8.encode(text).length - client.limits.text_bytes;

  useEffect(() => {
    if (!touches() && !details) box.current.focus();
  }, [c, details]);
  useEffect(() => () => client.typing(c, false), [c]);
  useEffect(() => {
    if (replyTo) box.current.focus();
  }, [replyTo]);
  useLayoutEffect(() => {
    if (growsItself) return;
    box.current.style.height = "auto";
    box.current.style.height = box.current.scrollHeight + "px";
  }, [text]);

  /** @param {string} now */
  const write = (now) => {
    c.draft = now;
    client.typing(c, now.trim() !== "");
    client.changed();
  };
  const onInput = () => {
    write(box.current.value);
    setQuery(c.kind === "group" ? wanted(box.current.value, box.current.selectionStart) : null);
  };

  /** @param {Event} [e] */
  const send = (e) => {
    e?.preventDefault();
    if (!text.trim() || over > 0) return;
    /** @type {{text: string, mentions?: string[], reply_to?: number}} */
    const body = { text };
    const named = mentioned(client, c, text);
    if (named.length) body.mentions = named;
    if (replyTo) body.reply_to = replyTo.seq;
    client.send(c, "text", body);
    onReply(null);
    setQuery(null);
    box.current.focus();
  };

  /** @param {KeyboardEvent} e */
  const onKeyDown = (e) => {
    if (e.isComposing) return; // Enter chooses a word of an input method
    if (query !== null && mentions.current?.onKey(e)) return e.preventDefault();
    if (e.key === "Enter" && !e.shiftKey) send(e);
    else if (e.key === "Escape" && replyTo) onReply(null);
    else if (e.key === "ArrowUp" && !text) {
      e.preventDefault();
      /** @type {HTMLElement|null} */ (document.querySelector(".log .message[tabindex='0']"))?.focus();
    }
  };

  /** @param {string} name */
  const mention = (name) => {
    const { value, selectionStart } = box.current;
    const from = value.lastIndexOf("@", selectionStart - 1);
    const head = value.slice(0, from) + "@" + name + " ";
    write(head + value.slice(selectionStart));
    setQuery(null);
    requestAnimationFrame(() => {
      box.current.focus();
      box.current.setSelectionRange(head.length, head.length);
    });
  };

  return html`
    <form class="composer" onSubmit=${send}>
      ${query !== null && html`<${Mentions} client=${client} c=${c} query=${query} onPick=${mention} onClose=${() => setQuery(null)} keys=${mentions} />`}
      ${replyTo &&
      html`
        <div class="replying">
          <p dir="auto"><b>${words.replyingTo(client.people.name(replyTo.from, c))}</b> ${gist(replyTo, c, client.people)}</p>
          <button type="button" class="quiet round" aria-label=${words.cancelReply} onClick=${() => onReply(null)}><${Icon} name="close" /></button>
        </div>
      `}
      <div class="composer-row">
        <textarea ref=${box} rows="1" dir="auto" aria-label=${words.message} placeholder=${words.message} value=${text} enterkeyhint="send"
          aria-invalid=${over > 0 ? "true" : undefined} onInput=${onInput} onKeyDown=${onKeyDown}></textarea>
        <button type="submit" class="primary round send" aria-label=${words.send} title=${words.send}
          disabled=${!text.trim() || over > 0}><${Icon} name="send" /></button>
      </div>
      ${over > 0 && html`<p class="over" role="alert">${words.tooLong(over)}</p>`}
    </form>
  `;
}
