// Why a notice came: what we did, where and when, what we were shown and allowed.

import { html, useEffect, useState } from "./dom.js";
import { Dialog } from "./ask.js";
import { SheetItem } from "./sheet-item.js";
import { deadline, moment } from "../text/time.js";
import { complaint, words } from "../text/words.js";

/** @typedef {import("../model/types.js").Why} Why */

/** @param {{why: Why}} props */
function Facts({ why }) {
  const { act, page, acted_at: at, device, sheet, uses_left: left, version, expires_at: until } = why;
  const fact = (/** @type {string} */ name, /** @type {any} */ value) => html`<div class="fact"><dt>${name}</dt><dd dir="auto">${value}</dd></div>`;
  return html`
    <p>${act === "tap" ? words.whyTap(moment(at)) : words.whyMessage(moment(at))}</p>
    ${sheet && html`<section class="sheet-shown" aria-label=${words.whySheet}><h3 class="section">${words.whySheet}</h3><${SheetItem} item=${sheet} /></section>`}
    <dl class="facts">
      ${page && fact(words.whyPage, page)}
      ${fact(words.whyDevice, device.replace(/ \([0-9a-f]{8}\)$/, ""))}
      ${fact(words.whyLeft, words.messagesLeft(left, deadline(until)))}
      ${sheet && fact(words.whyTemplate, `${sheet.title}, ${words.versionOf(version)}`)}
    </dl>
  `;
}

/** @param {{client: import("../model/client.js").Client, notice: string, onClose: () => void}} props */
export function WhyNotice({ client, notice, onClose }) {
  const [why, setWhy] = useState(/** @type {Why|null} */ (null));
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    client.programs.why(notice).then(setWhy, (err) => setWrong(complaint(err)));
  }, []);
  return html`
    <${Dialog} title=${words.why} onClose=${onClose}>
      ${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}
      ${!why && !wrong && html`<p class="soft" role="status">…</p>`}
      ${why && html`<${Facts} why=${why} />`}
    <//>
  `;
}
