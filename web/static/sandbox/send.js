// The app's server by hand: a handle, a request, and what the gate answers.

import { html, useEffect, useState } from "../js/view/dom.js";
import { NoSecret } from "./app.js";
import { ATTEMPTS, newKey, requestFor } from "./sample.js";
import { Json, Mark } from "./parts.js";

/** @typedef {import("./desk.js").Desk} Desk */
/** @typedef {import("./server.js").Answer} Answer */

/** @param {any} h */
const named = (h, /** @type {any} */ t) => (h.scope === "window" ? "An open window" : `${t?.title ?? h.template}: ${h.subject}`) + ` · ${h.scope}, ${h.uses_left} left`;

/** A request as one types it into a shell. @param {string} path @param {string} body */
const curl = (path, body) => `curl ${location.origin}/v1${path} -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' -d '${body.replaceAll("'", `'\\''`)}'`;

/** @param {{answer: Answer}} props */
function Answered({ answer: { status, ok, data } }) {
  const kind = !ok ? "bad" : data?.status === "held" ? "held" : "good";
  return html`<${Mark} kind=${kind}>${status || "no answer"} ${ok ? data?.status : data?.code}<//>${data?.replayed && html` <${Mark} kind="plain">replayed<//>`}`;
}

/** @param {{desk: Desk}} props */
export function Send({ desk }) {
  const { app, handles, templates } = desk;
  const [picked, setPicked] = useState("");
  const [text, setText] = useState("");
  const [answer, setAnswer] = useState(/** @type {Answer|null} */ (null));
  const handle = handles.find((h) => h.grant === picked) ?? null;
  const templateOf = (/** @type {any} */ h) => templates.find((t) => t.template === h.template);
  const write = (/** @type {string} */ t) => {
    setAnswer(null);
    setText(t);
  };
  const fill = (/** @type {any} */ h) => write(JSON.stringify(requestFor(h, templateOf(h), newKey()), null, 2));
  const pick = (/** @type {string} */ grant) => {
    setPicked(grant);
    const h = handles.find((x) => x.grant === grant);
    if (h) fill(h);
  };
  const latest = handles[0]?.grant ?? "";
  useEffect(() => {
    if (latest && !handle) pick(latest);
  }, [latest]);
  if (!app) return html`<p class="soft">Make an app first.</p>`;
  if (!desk.secretOf(app.app)) return html`<${NoSecret} desk=${desk} />`;
  const change = (/** @type {(r: any) => any} */ by) => desk.run(async () => write(JSON.stringify(by(JSON.parse(text)), null, 2)));
  const path = /"window"\s*:/.test(text) ? "/app/replies" : "/app/notices";
  const send = () => desk.run(async () => {
    setAnswer(await desk.server.try("POST", path, { raw: text, type: "application/json" }));
    await desk.readApp();
  });
  return html`
    ${handles.length === 0 && !text && html`<p class="soft">No handle yet. Open the app on a phone, ask there and allow it; or write to the app. The handle then comes to the app's server.</p>`}
    ${handles.length > 0 && html`
      <div class="row"><label class="grow"><span>Handle</span>
        <select aria-label="Handle" value=${handle ? picked : ""} onChange=${(/** @type {any} */ e) => pick(e.currentTarget.value)}>
          ${!handle && html`<option value="">${text ? "The one below: spent or gone" : "Pick one"}</option>`}
          ${handles.map((h) => html`<option key=${h.grant} value=${h.grant}>${named(h, templateOf(h))}</option>`)}
        </select></label>
        <button type="button" class="quiet small" disabled=${!handle} onClick=${() => handle && fill(handle)}>Fill in anew</button></div>`}
    <div class="chips attempts"><span class="soft">Try:</span>${ATTEMPTS.map((a) => html`<button key=${a.name} type="button" class="chip" disabled=${!text} onClick=${() => change(a.change)}>${a.name}</button>`)}</div>
    <label><span class="hidden">Request</span><textarea class="code" aria-label="Request" rows="11" spellcheck="false" placeholder="{}" value=${text} onInput=${(/** @type {any} */ e) => write(e.currentTarget.value)}></textarea></label>
    <p class="row send-row"><span class="grow soft" role="status">${answer ? html`<${Answered} answer=${answer} />` : `POST /v1${path}`}</span><button type="button" class="primary" disabled=${!text || desk.busy > 0} onClick=${send}>Send</button></p>
    ${answer && html`<details class="more"><summary>Answer</summary><${Json} value=${answer.data} label="Answer" /></details>`}
    <details class="more"><summary>The same with curl</summary>
      <pre class="json" tabindex="0" aria-label="With curl">${`TOKEN=$(curl -s -u ${app.app}:$SECRET -d grant_type=client_credentials \\
  ${location.origin}/v1/app/token | jq -r .access_token)
${curl(path, compact(text))}`}</pre></details>
  `;
}

/** @param {string} text */
function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
