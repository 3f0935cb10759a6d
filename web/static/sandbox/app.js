// An app of dana's: what it is, its credentials, its pages, its webhook; and what
// to do first.

import { html, cls, useState } from "../js/view/dom.js";
import { Copied } from "./parts.js";

/** @typedef {import("./desk.js").Desk} Desk */

/** @param {{desk: Desk, onDone?: () => void}} props */
function NewApp({ desk, onDone = () => {} }) {
  const [name, setName] = useState("");
  const [category, setCategory] = useState("food");
  const make = (/** @type {Event} */ e) => {
    e.preventDefault();
    desk.run(() => desk.create(name, category, "")).then((ok) => ok && onDone());
  };
  return html`
    <form class="row" onSubmit=${make}>
      <label class="grow"><span>Name</span><input required maxlength="64" value=${name} onInput=${(/** @type {any} */ e) => setName(e.currentTarget.value)} /></label>
      <label><span>Category</span><input required maxlength="32" size="10" list="categories" value=${category} onInput=${(/** @type {any} */ e) => setCategory(e.currentTarget.value)} /></label>
      <datalist id="categories">${["food", "shop", "transport", "health", "finance", "education", "public_service"].map((c) => html`<option value=${c}></option>`)}</datalist>
      <button type="submit" class="plain" disabled=${desk.busy > 0}>Create</button>
    </form>
  `;
}

/** @param {{desk: Desk}} props */
const Welcome = ({ desk }) => html`
  <div class="welcome">
    <h2>An app to try</h2>
    <p>A mini-program is a page that opens on the phones, and a server that may tell one user one thing, when that user has allowed it. Dana makes one here.</p>
    <p><button type="button" class="primary" disabled=${desk.busy > 0} onClick=${() => desk.run(() => desk.createSample())}>Make the sample app</button></p>
    <p class="soft">Or begin with an empty one:</p>
    <${NewApp} desk=${desk} />
  </div>
`;

/** What to do first; each step knows whether it is done. @param {{desk: Desk, onOpen: (side: string, path: string) => void, onGo: (tab: string) => void}} props */
function Steps({ desk, onOpen, onGo }) {
  const { app, templates, handles, news } = desk;
  const mine = news.filter((i) => i.app === app?.app);
  const sent = mine.some((i) => i.decision?.status === "accepted");
  const told = handles.length > 0 || mine.some((i) => i.event?.type === "grant.minted");
  const approved = templates.some((t) => t.status === "approved");
  const open = (/** @type {string} */ side) => onOpen(side, `/mini-programs/${app?.app}/open/`);
  const steps = [
    { done: !!app?.page, text: html`Hand in its pages: a zip with an <code>index.html</code>, below.` },
    { done: approved, text: html`Have a template approved. <button type="button" class="link" onClick=${() => onGo("templates")}>Templates</button>` },
    { done: told, text: html`Open it on the <button type="button" class="link" disabled=${!app?.page} onClick=${() => open("left")}>left phone</button> or the <button type="button" class="link" disabled=${!app?.page} onClick=${() => open("right")}>right one</button>, ask there, and allow it.` },
    { done: sent, text: html`Send a notice with the handle that the app's server was given. <button type="button" class="link" onClick=${() => onGo("send")}>Send</button>` },
    { done: mine.some((i) => i.decision?.status === "refused"), text: html`Now try to get around the gate.` },
  ];
  const next = steps.findIndex((s) => !s.done);
  return html`<ol class="steps">${steps.map((s, n) => html`<li class=${cls(s.done && "done", n === next && "next")}><span>${s.text}${s.done && html`<span class="hidden"> (done)</span>`}</span></li>`)}</ol>`;
}

/** @param {{desk: Desk}} props */
function Hook({ desk }) {
  const failing = desk.hook.includes("answer=");
  const own = desk.hook.includes("/sandbox/hook/");
  const point = (/** @type {number} */ status) => desk.run(() => desk.pointHook(status));
  return html`
    <div class="fact"><dt>Webhook</dt><dd>
      <code>${desk.hook || "none"}</code>
      ${own && html`<label class="check"><input type="checkbox" checked=${failing} onChange=${() => point(failing ? 204 : 503)} /> answer 503, to see it tried again</label>`}
      ${!own && html`<button type="button" class="link" onClick=${() => point(204)}>Point it here</button>`}
    </dd></div>
  `;
}

/** Without its secret one cannot be the app's server. @param {{desk: Desk}} props */
export const NoSecret = ({ desk }) => html`
  <div class="welcome">
    <p>The server tells an app's secret once, when it is made, and this browser was not told that of ${desk.app?.name}. A new one works beside it; those before end a day later, by the server's clock.</p>
    <p><button type="button" class="primary small" disabled=${desk.busy > 0} onClick=${() => desk.run(() => desk.newSecret())}>Make a new secret</button></p>
  </div>
`;

/** @param {{desk: Desk, onOpen: (side: string, path: string) => void, onGo: (tab: string) => void}} props */
export function AppCard({ desk, onOpen, onGo }) {
  const [adding, setAdding] = useState(false);
  const { app } = desk;
  if (!app) return desk.known && html`<${Welcome} desk=${desk} />`;
  const secret = desk.secretOf(app.app);
  const upload = (/** @type {any} */ e) => {
    const [zip] = e.currentTarget.files;
    if (zip) desk.run(() => desk.putPages(zip));
    e.currentTarget.value = "";
  };
  return html`
    <div class="row">
      <label class="grow"><span class="hidden">Which app</span>
        <select value=${app.app} onChange=${(/** @type {any} */ e) => desk.choose(e.currentTarget.value)}>${desk.apps.map((a) => html`<option key=${a.app} value=${a.app}>${a.name}</option>`)}</select></label>
      <button type="button" class="quiet small" aria-expanded=${String(adding)} onClick=${() => setAdding(!adding)}>${adding ? "Not now" : "New app"}</button>
    </div>
    ${adding && html`<${NewApp} desk=${desk} onDone=${() => setAdding(false)} />`}
    ${app.suspended && html`<p><span class="mark bad">${app.suspended === "app" ? "The app is suspended" : "Its notices are suspended"}</span></p>`}
    ${secret ? html`<${Steps} desk=${desk} onOpen=${onOpen} onGo=${onGo} />` : html`<${NoSecret} desk=${desk} />`}
    <dl class="facts">
      <${Copied} key=${app.app} label="App" text=${app.app} />
      ${secret && html`<${Copied} key=${secret} label="Secret" text=${secret} hidden /><${Hook} desk=${desk} />`}
      <div class="fact"><dt>Pages</dt><dd>
        ${app.page ? html`<code>${app.page}</code>` : "none yet"}${" "}
        <label class="link upload">Upload a zip<input type="file" accept=".zip,application/zip" class="hidden" onChange=${upload} /></label>
      </dd></div>
    </dl>
  `;
}
