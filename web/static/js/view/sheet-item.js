// One thing that an app asks to send, drawn from what the server says and from
// nothing else: while one decides, and later when one looks why a notice came.

import { html } from "./dom.js";
import { Icon } from "./icons.js";
import { allowance, pairs } from "../text/values.js";

/** @param {{item: import("../model/types.js").SheetItem}} props */
export function SheetItem({ item }) {
  const values = pairs(item.locked);
  return html`
    <div class="sheet-item">
      <p class="sheet-title" dir="auto">${item.title}</p>
      ${values.length > 0 &&
      html`<dl class="values">${values.map((v) => html`<div key=${v.key}><dt dir="auto">${v.label}</dt><dd dir="auto">${v.text}</dd></div>`)}</dl>`}
      <p class="with-icon sheet-uses"><${Icon} name="bell" />${allowance(item)}</p>
    </div>
  `;
}
