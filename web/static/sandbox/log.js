// What happened: each decision of the gate in words, and each webhook.

import { html, cls } from "../js/view/dom.js";
import { Json, Mark, time } from "./parts.js";

/** @typedef {import("./desk.js").Desk} Desk */

/** @type {Record<string, "good"|"held"|"bad">} */
const kinds = { accepted: "good", held: "held", refused: "bad" };

/** How far a request got. @param {{d: any}} props */
const Gates = ({ d }) => html`
  <ol class="gates" aria-label=${d.status === "accepted" ? "Passed every gate" : `${d.status === "held" ? "Held" : "Refused"} at: ${d.gates[d.gate]}`}>
    ${d.gates.map((/** @type {string} */ name, /** @type {number} */ n) => html`<li key=${name} title=${name} class=${cls(n < d.gate ? "passed" : n === d.gate ? d.status : "ahead")}></li>`)}
  </ol>
`;

/** @param {{desk: Desk, i: any}} props */
function Decision({ desk, i }) {
  const d = i.decision;
  const asked = d.sent ?? d.raw ?? d.binary;
  return html`
    <li class="entry" aria-label=${`${d.status} ${d.code ?? ""}`.trim()}>
      <p class="entry-head"><${Mark} kind=${kinds[d.status]}>${d.replayed ? "answered again" : d.status}<//> ${d.code && html`<code>${d.code}</code>`}
        <span class="soft right">${desk.nameOf(i.app)} · ${time(i.at)}</span></p>
      <${Gates} d=${d} />
      ${d.status !== "accepted" && html`<p class="at-gate">${d.status === "held" ? "Held" : "Refused"} at <b>${d.gates[d.gate]}</b>${d.fields?.length > 0 && html`: ${d.fields.map((/** @type {any} */ f) => html`<code>${f.pointer}</code> ${f.detail} `)}`}</p>`}
      <p>${d.why}</p>
      ${d.do && html`<p class="to-do">${d.do}</p>`}
      ${d.status === "accepted" && d.operation === "sendNotice" && html`<p class="soft">${d.uses_left} uses left.</p>`}
      ${asked === undefined
        ? html`<p class="soft">It was <code>${d.operation}</code>.</p>`
        : html`<details class="more"><summary>Request</summary>${d.sent === undefined ? html`<pre class="json" tabindex="0" aria-label="Request">${asked}</pre>` : html`<${Json} value=${asked} label="Request" />`}</details>`}
    </li>
  `;
}

/** @param {{desk: Desk, items: any[]}} props */
export const Gate = ({ desk, items }) => html`
  ${items.length === 0 && html`<p class="soft">Every notice that an app's server sends is explained here: whether it passed, at which gate it did not, and what to do.</p>`}
  <ul class="entries" aria-label="Decisions of the gate">${items.map((i) => html`<${Decision} key=${i.seq} desk=${desk} i=${i} />`)}</ul>
`;

/** @param {{desk: Desk, i: any}} props */
function Came({ desk, i }) {
  const e = i.event;
  return html`
    <li class="entry" aria-label=${e.type}>
      <p class="entry-head"><b>${e.type || "no event"}</b>
        ${e.signed ? html`<${Mark} kind="good">signature is right<//>` : html`<${Mark} kind="bad">${e.wrong}<//>`}
        ${e.answered >= 300 && html`<${Mark} kind="held">answered ${e.answered}<//>`}
        <span class="soft right">${desk.nameOf(i.app)} · ${time(i.at)}</span></p>
      <p class="soft"><code>${e.id}</code></p>
      <div class="row">
        <details class="more grow"><summary>Body</summary><${Json} value=${e.body ?? null} label="Body" /></details>
        <button type="button" class="quiet small" disabled=${!desk.secretOf(i.app) || !e.signed} onClick=${() => desk.run(() => desk.replay(i.app, e.id))}>Replay</button>
      </div>
    </li>
  `;
}

/** @param {{desk: Desk, items: any[]}} props */
export const Events = ({ desk, items }) => html`
  ${items.length === 0 && html`<p class="soft">What the app's webhook is told comes here, with its signature checked as an app's server should.</p>`}
  <ul class="entries" aria-label="Webhooks">${items.map((i) => html`<${Came} key=${i.seq} desk=${desk} i=${i} />`)}</ul>
`;
