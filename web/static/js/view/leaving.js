// Leaving for good: deleting one's account, after being told what that means.

import { html, useState } from "./dom.js";
import { Dialog } from "./ask.js";
import { useBusy } from "./use.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */

/** @param {{client: Client, onClose: () => void}} props */
function Farewell({ client, onClose }) {
  const [busy, run] = useBusy();
  const [typed, setTyped] = useState("");
  const meant = typed.trim() === client.user;
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    if (meant) run(() => client.deleteAccount());
  };
  return html`
    <${Dialog} title=${words.deleteAccount} onClose=${onClose}>
      <form class="form farewell" onSubmit=${submit}>
        <p>${words.deleteAccountEnds}</p>
        <p>${words.deleteAccountGone}</p>
        <p>${words.deleteAccountStays}</p>
        <label class="field"><span>${words.deleteAccountType(client.user)}</span>
          <input value=${typed} autocomplete="off" autocapitalize="none" spellcheck=${false} onInput=${(/** @type {any} */ e) => setTyped(e.currentTarget.value)} /></label>
        <div class="actions">
          <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
          <button type="submit" class="danger" disabled=${busy || !meant}>${words.deleteForGood}</button>
        </div>
      </form>
    <//>
  `;
}

/** @param {{client: Client}} props */
export function DeleteAccount({ client }) {
  const [asking, setAsking] = useState(false);
  return html`
    <button type="button" class="link delete-account" onClick=${() => setAsking(true)}>${words.deleteAccount}</button>
    ${asking && html`<${Farewell} client=${client} onClose=${() => setAsking(false)} />`}
  `;
}
