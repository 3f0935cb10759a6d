// The box to write in.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { Icon } from "./icons.js";
import { Mentions, mentioned, wanted } from "./mentions.js";
import { Recorder, records } from "./voice.js";
import { Choose, Tray, begin, filesOf } from "./tray.js";
import { touches } from "./use.js";
import { gist } from "../text/sentences.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../model/types.js").Entry} Entry */

/** Where the browser cannot size the box by its content. */
const growsItself = CSS.supports("field-sizing", "content");
const utf8 = new TextEncoder();
/** How often it is told that somebody still speaks. */
const SPEAKING_MS = 3000;

/** Sends what was chosen; a text goes with a single picture. @param {Client} client @param {Conversation} c @param {string} text @returns {boolean} the text is on its way too */
function sendAttached(client, c, text) {
  const files = c.attached;
  c.attached = [];
  const caption = files.length === 1 && files[0].kind === "image" ? text.trim() : "";
  for (const upload of files) client.sending.add(c.stream, upload, caption);
  if (caption) c.draft = "";
  return caption !== "";
}

/** @param {{client: Client, c: Conversation, details: boolean, replyTo: Entry|null, onReply: (e: Entry|null) => void}} props */
export function Composer({ client, c, details, replyTo, onReply }) {
  const box = useRef(/** @type {any} */ (null));
  const [query, setQuery] = useState(/** @type {string|null} */ (null));
  const mentions = useRef(/** @type {{onKey: (e: KeyboardEvent) => boolean}|null} */ (null));
  const [recording, setRecording] = useState(false);
  const text = c.draft;
  const over = utf8.encode(text).length - client.limits.text_bytes;

  useEffect(() => {
    if (!touches() && !details) box.current?.focus();
  }, [c, details]);
  useEffect(() => () => client.typing(c, false), [c]);
  useEffect(() => {
    if (!recording) return;
    const timer = setInterval(() => client.typing(c, true, "voice"), SPEAKING_MS);
    return () => clearInterval(timer);
  }, [recording]);
  useEffect(() => {
    if (replyTo) box.current?.focus();
  }, [replyTo]);
  useLayoutEffect(() => {
    if (growsItself || !box.current) return;
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
    if (over > 0) return;
    const captioned = sendAttached(client, c, text);
    box.current?.focus();
    if (captioned || !text.trim()) return onReply(null);
    /** @type {{text: string, mentions?: string[], reply_to?: number}} */
    const body = { text };
    const named = mentioned(client, c, text);
    if (named.length) body.mentions = named;
    if (replyTo) body.reply_to = replyTo.seq;
    client.send(c, "text", body);
    onReply(null);
    setQuery(null);
  };
  /** @param {File[]} files */
  const attach = (files) => {
    c.attached = [...c.attached, ...begin(client, files)];
    client.changed();
    box.current?.focus();
  };
  const onPaste = (/** @type {ClipboardEvent} */ e) => {
    const files = filesOf(e.clipboardData);
    if (files.length === 0) return;
    e.preventDefault();
    attach(files);
  };
  const detach = (/** @type {import("../model/media.js").Upload} */ u) => {
    u.cancel();
    c.attached = c.attached.filter((other) => other !== u);
    client.changed();
    box.current?.focus();
  };
  const record = (/** @type {boolean} */ on) => {
    client.typing(c, on, "voice");
    setRecording(on);
    if (!on) requestAnimationFrame(() => box.current?.focus());
  };
  const onVoice = (/** @type {File} */ sound, /** @type {number} */ durationMs) => {
    client.sending.add(c.stream, client.library.upload(sound, sound.name, "voice"), "", durationMs);
    record(false);
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
      box.current?.focus();
      box.current.setSelectionRange(head.length, head.length);
    });
  };

  if (recording) return html`<div class="composer"><${Recorder} onDone=${onVoice} onCancel=${() => record(false)} /></div>`;
  const nothing = (!text.trim() && c.attached.length === 0) || over > 0;
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
      <${Tray} uploads=${c.attached} onRemove=${detach} />
      <div class="composer-row">
        <${Choose} label=${words.attach} icon="attach" onFiles=${attach} />
        <textarea ref=${box} rows="1" dir="auto" aria-label=${words.message} placeholder=${words.message} value=${text} enterkeyhint="send"
          aria-invalid=${over > 0 ? "true" : undefined} onInput=${onInput} onKeyDown=${onKeyDown} onPaste=${onPaste}></textarea>
        ${records() && nothing && html`<button type="button" class="quiet round mic" aria-label=${words.recordVoice} title=${words.recordVoice} onClick=${() => record(true)}><${Icon} name="mic" /></button>`}
        <button type="submit" class="primary round send" aria-label=${words.send} title=${words.send} disabled=${nothing}><${Icon} name="send" /></button>
      </div>
      ${over > 0 && html`<p class="over" role="alert">${words.tooLong(over)}</p>`}
    </form>
  `;
}
