// What a notice says, or will: names and values, in the order of its template.

import { html } from "./dom.js";
import { reading } from "../text/values.js";

/** @param {{params: import("../model/types.js").Param[]}} props */
export const Params = ({ params }) =>
  params.length > 0 &&
  html`<dl class="values">${params.map((p) => html`<div key=${p.key}><dt dir="auto">${p.label}</dt><dd dir="auto">${reading(p)}</dd></div>`)}</dl>`;
