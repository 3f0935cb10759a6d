// What messages carry: pictures, films, recordings and files; and those that are
// still on their way up.

import { html, useState } from "./dom.js";
import { Icon } from "./icons.js";
import { Film, Picture, fitted } from "./picture.js";
import { Viewer } from "./viewer.js";
import { Voice } from "./voice.js";
import { save } from "./save.js";
import { useBusy } from "./use.js";
import { clock } from "../text/time.js";
import { size, length } from "../text/size.js";
import { complaint, words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../model/types.js").Entry} Entry */

const WIDE = 320;

/** @param {{c: Conversation, e: Entry}} props */
function Image({ c, e }) {
  const [viewing, setViewing] = useState(false);
  const { media, width, height, caption } = e.body;
  const shape = fitted(width, height, WIDE);
  const all = c.entries.filter((o) => o.kind === "image");
  const at = all.findIndex((o) => o.seq === e.seq);
  return html`
    <button type="button" class="message-picture" aria-label=${caption ? `${words.picture}: ${caption}` : words.picture} onClick=${() => setViewing(true)}
      style=${{ width: shape.width, aspectRatio: shape.aspectRatio }}>
      <${Picture} picture=${{ media, type: "", width, height }} alt="" small=${shape.small} />
    </button>
    ${caption && html`<p class="text caption" dir="auto">${caption}</p>`}
    ${viewing && html`<${Viewer} pictures=${at < 0 ? [e.body] : all.map((o) => o.body)} from=${Math.max(0, at)} onClose=${() => setViewing(false)} />`}
  `;
}

/** @param {{client: Client, e: Entry}} props */
function File({ client, e }) {
  const [busy, run] = useBusy({ not_found: words.fileGone });
  const { media, name, size: bytes } = e.body;
  const fetch = () => run(async () => save(await client.library.read(media), name));
  return html`
    <button type="button" class="message-file" disabled=${busy} onClick=${fetch}>
      <${Icon} name=${busy ? "clock" : "file"} /><span><span class="hidden">${words.saveFile}${" "}</span><b dir="auto">${name}</b>${" "}<span class="soft">${size(bytes)}</span></span><${Icon} name="download" />
    </button>
  `;
}

/** @param {{client: Client, c: Conversation, e: Entry}} props */
export function Attached({ client, c, e }) {
  const { body } = e;
  switch (e.kind) {
    case "image":
      return html`<${Image} c=${c} e=${e} />`;
    case "voice":
      return html`<${Voice} media=${body.media} durationMs=${body.duration_ms} />`;
    case "video":
      return html`<${Film} picture=${{ media: body.media, type: "video/", width: body.width, height: body.height }} />`;
  }
  return html`<${File} client=${client} e=${e} />`;
}

/** A file that is on its way up. @param {{client: Client, parcel: import("../model/sending.js").Parcel}} props */
export function Going({ client, parcel }) {
  const { upload, at } = parcel;
  const { kind, name, problem, part } = upload;
  const what = kind === "voice" ? words.voiceMessage(length(parcel.durationMs ?? 0)) : name;
  return html`
    <article class="message mine first last going" aria-label=${`${words.you}, ${clock(at)}`}>
      <div class=${kind === "image" ? "bubble with-picture" : "bubble"}>
        ${kind === "image" ? html`<img class="going-picture" src=${upload.url} alt=${name} />` : html`<p class="message-file"><${Icon} name=${kind === "voice" ? "mic" : "file"} /><span dir="auto">${what}</span></p>`}
        <p class="meta">
          ${!problem && html`<progress max="1" value=${part} aria-label=${words.uploading(what)}></progress>`}
          <button type="button" class="quiet round" aria-label=${`${words.cancel}: ${what}`} title=${words.cancel} onClick=${() => client.sending.cancel(parcel)}><${Icon} name="close" /></button>
        </p>
      </div>
      ${problem && html`<p class="why">${complaint({ code: problem })} <button type="button" class="link" onClick=${() => client.sending.retry(parcel)}>${words.tryAgain}</button></p>`}
    </article>
  `;
}
