// Templates: those that wait for mo, those of the app, and handing one in.

import { html, useState } from "../js/view/dom.js";
import { Json, Mark } from "./parts.js";
import { onceTemplate } from "./sample.js";

/** @typedef {import("./desk.js").Desk} Desk */

/** @type {Record<string, "good"|"held"|"bad"|"plain">} */
const kinds = { approved: "good", review: "held", paused: "held", rejected: "bad", disabled: "bad" };

/** @param {any} t */
const inShort = (t) => [t.scope, t.states?.map((/** @type {string} */ s) => t.state_labels?.[s] ?? s).join(" → "), t.page_pattern].filter(Boolean).join(" · ");

/** What users will see beside the title, in this order. @param {{t: any}} props */
const Says = ({ t }) => html`
  ${t.params.length > 0 && html`<ul class="says" aria-label="Params">${t.params.map((/** @type {any} */ p) => html`
    <li key=${p.key}><b>${p.label}</b> <span class="soft"><code>${p.key}</code> ${p.type}${p.role === "locked" ? ", locked" : ""}${p.values && `: ${p.values.join(", ")}`}</span></li>`)}</ul>`}
`;

/** @param {{desk: Desk, t: any}} props */
function Waiting({ desk, t }) {
  const [reason, setReason] = useState("");
  const review = (/** @type {boolean} */ approve) => desk.run(() => desk.review(t, approve, reason || (approve ? "Says what it is for." : "Does not say what it is for.")));
  return html`
    <li class="entry" aria-label=${t.title}>
      <p class="entry-head"><b>${t.title}</b> <span class="soft">of ${desk.nameOf(t.app)}, version ${t.version}</span></p>
      <p class="soft">${inShort(t)}</p>
      <${Says} t=${t} />
      <div class="row">
        <label class="grow"><span class="hidden">Reason</span><input placeholder="Reason, for the developer" maxlength="200" value=${reason} onInput=${(/** @type {any} */ e) => setReason(e.currentTarget.value)} /></label>
        <button type="button" class="plain small" disabled=${desk.busy > 0} onClick=${() => review(false)}>Reject</button>
        <button type="button" class="primary small" disabled=${desk.busy > 0} onClick=${() => review(true)}>Approve</button>
      </div>
    </li>
  `;
}

/** @param {{desk: Desk}} props */
function HandIn({ desk }) {
  const [text, setText] = useState(JSON.stringify(onceTemplate, null, 2));
  const send = () => desk.run(async () => desk.submit(JSON.parse(text)));
  return html`
    <details class="more"><summary>Hand in a template</summary>
      <label><span class="hidden">Template as JSON</span><textarea class="code" rows="14" spellcheck="false" value=${text} onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)}></textarea></label>
      <p class="row"><span class="grow soft">POST /v1/app/templates. With <code>template</code>, it is the next version of that one.</span><button type="button" class="primary small" disabled=${desk.busy > 0} onClick=${send}>Hand in</button></p>
    </details>
  `;
}

/** @param {{desk: Desk}} props */
export function Templates({ desk }) {
  const { app, waiting, templates } = desk;
  return html`
    <h2>Waiting for a moderator</h2>
    ${waiting.length === 0 && html`<p class="soft">None. What you hand in is shown here, and you review it as Mo.</p>`}
    <ul class="entries" aria-label="Waiting for a moderator">${waiting.map((t) => html`<${Waiting} key=${t.template + t.version} desk=${desk} t=${t} />`)}</ul>
    ${app && html`
      <h2>Of ${app.name}</h2>
      ${templates.length === 0 && html`<p class="soft">None yet.</p>`}
      <ul class="entries" aria-label=${"Templates of " + app.name}>${templates.map((t) => html`
        <li key=${t.template} class="entry">
          <p class="entry-head"><b>${t.title}</b> <${Mark} kind=${kinds[t.status] ?? "plain"}>${t.status === "review" ? "in review" : t.status}<//></p>
          <p class="soft">${inShort(t)}</p>
          <${Says} t=${t} />
          ${t.reason && html`<p class="soft">Mo: “${t.reason}”</p>`}
          <details class="more"><summary><code>${t.template}</code></summary><${Json} value=${t} label="Template" /></details>
        </li>`)}</ul>
      ${desk.secretOf(app.app) && html`<${HandIn} desk=${desk} />`}
    `}
  `;
}
