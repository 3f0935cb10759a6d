// Oneself: name, picture, how others see one, devices, password, language, signing out, leaving.

import { html, useEffect, useRef, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { GrantSheet } from "./grants.js";
import { DeleteAccount } from "./leaving.js";
import { PushSheet } from "./push.js";
import { Privacy, Status } from "./privacy.js";
import { sure } from "./ask.js";
import { toast } from "./toasts.js";
import { useBusy } from "./use.js";
import { chosen, languages, speak, words } from "../text/words.js";
import { moment } from "../text/time.js";
import { at } from "../model/api.js";

/** @typedef {import("../model/client.js").Client} Client */

/** @param {{client: Client}} props */
function Profile({ client }) {
  const [busy, run] = useBusy();
  const { me } = client.people;
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (e.currentTarget)).get("display_name")).trim();
    run(() => client.people.present({ display_name: name })).then((ok) => ok && toast(words.saved));
  };
  const file = useRef(/** @type {HTMLInputElement|null} */ (null));
  const picture = (/** @type {any} */ e) => {
    const [chosenFile] = e.currentTarget.files;
    e.currentTarget.value = "";
    if (!chosenFile) return;
    run(async () => {
      const upload = client.library.upload(chosenFile, chosenFile.name, "image");
      const medium = await upload.done;
      if (!medium) throw { code: upload.problem };
      await client.people.present({ avatar: medium.media });
    }).then((ok) => ok && toast(words.saved));
  };
  return html`
    <section class="sheet profile" aria-label=${words.profile}>
      <div class="portrait">
        <${Avatar} id=${me.user} name=${me.display_name} size="large" />
        <button type="button" class="plain round" aria-label=${words.changePicture} title=${words.changePicture} disabled=${busy} onClick=${() => file.current?.click()}><${Icon} name="camera" /></button>
        <input ref=${file} type="file" accept="image/jpeg,image/png,image/webp,image/gif" hidden onChange=${picture} />
      </div>
      <form class="form" onSubmit=${submit}>
        <label class="field"><span>${words.name}</span><input name="display_name" required maxlength="64" dir="auto" value=${me.display_name} /></label>
        <p class="soft">@${me.user}${me.avatar && html` · <button type="button" class="link" disabled=${busy} onClick=${() => run(() => client.people.present({ avatar: "" }))}>${words.removePicture}</button>`}</p>
        <button type="submit" class="plain small" disabled=${busy}>${words.save}</button>
      </form>
    </section>
  `;
}

/** The name of a device without what only makes it unique. @param {string} device */
const readable = (device) => device.replace(/ \([0-9a-f]{8}\)$/, "");

/** @param {{client: Client}} props */
function Devices({ client }) {
  const [devices, setDevices] = useState(/** @type {import("../model/types.js").Device[]} */ ([]));
  const [busy, run] = useBusy();
  const load = async () => {
    const all = await client.api.list("/sessions");
    setDevices(all.sort((a, b) => Number(b.current) - Number(a.current) || b.last_seen_at.localeCompare(a.last_seen_at)));
  };
  useEffect(() => void run(load), []);
  const remove = (/** @type {string} */ session) => () =>
    run(async () => {
      await client.api.delete(at`/sessions/${session}`);
      await load();
    });
  return html`
    <section class="sheet" aria-label=${words.devices}>
      <h2>${words.devices}</h2>
      <ul role="list" class="devices" aria-label=${words.devices}>
        ${devices.map(
          (d) => html`
            <li key=${d.session}>
              <${Icon} name="device" />
              <span><b>${readable(d.device)}</b><span class="soft">${d.current ? words.thisDevice : words.lastSeen(moment(d.last_seen_at))}</span></span>
              ${!d.current && html`<button type="button" class="plain small" disabled=${busy} aria-label=${words.removeNamed(readable(d.device))} onClick=${remove(d.session)}>${words.remove}</button>`}
            </li>
          `,
        )}
      </ul>
    </section>
  `;
}

/** @param {{client: Client}} props */
function Password({ client }) {
  const [busy, run] = useBusy({ unauthenticated: words.problems.unauthenticated });
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    const form = /** @type {HTMLFormElement} */ (e.currentTarget);
    const data = new FormData(form);
    run(() => client.api.post("/me/password", { old: String(data.get("old")), new: String(data.get("new")) })).then((ok) => {
      if (!ok) return;
      form.reset();
      toast(words.passwordChanged);
    });
  };
  return html`
    <section class="sheet" aria-label=${words.changePassword}>
      <h2>${words.changePassword}</h2>
      <form class="form" onSubmit=${submit}>
        <input class="hidden" name="username" autocomplete="username" value=${client.user} tabindex="-1" aria-hidden="true" readonly />
        <label class="field"><span>${words.oldPassword}</span><input name="old" type="password" required autocomplete="current-password" /></label>
        <label class="field"><span>${words.newPassword}</span><input name="new" type="password" required minlength="8" autocomplete="new-password" /></label>
        <button type="submit" class="plain small" disabled=${busy}>${words.changePassword}</button>
      </form>
    </section>
  `;
}

/** @param {{client: Client}} props */
export function Me({ client }) {
  const signOut = async () => {
    const unsent = client.outbox.items.length + client.sending.count;
    if (!unsent || (await sure(words.signOut, words.signOutUnsent(unsent)))) client.signOut();
  };
  const choose = (/** @type {any} */ e) => {
    speak(e.currentTarget.value);
    client.changed();
  };
  return html`
    <div class="scroll">
      <div class="me-page">
        <h1>${words.me}</h1>
        <${Profile} key=${client.people.me.display_name} client=${client} />
        <${Status} client=${client} />
        <${Privacy} client=${client} />
        <${GrantSheet} client=${client} />
        <${PushSheet} client=${client} />
        <section class="sheet" aria-label=${words.language}>
          <label class="switch"><span>${words.language}</span>
            <select value=${chosen} onChange=${choose}>
              <option value="">${words.followBrowser}</option>
              ${languages.map((l) => html`<option key=${l.code} value=${l.code}>${l.label}</option>`)}
            </select>
          </label>
        </section>
        <${Devices} client=${client} />
        <${Password} client=${client} />
        <button type="button" class="plain sign-out" onClick=${signOut}><${Icon} name="leave" />${words.signOut}</button>
        <${DeleteAccount} client=${client} />
      </div>
    </div>
  `;
}
