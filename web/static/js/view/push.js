// Notifications of this device, and for all devices when and with how many words.

import { html, useEffect } from "./dom.js";
import { Icon } from "./icons.js";
import { Switch } from "./contact-editor.js";
import { useBusy } from "./use.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */

const SHOWS = /** @type {const} */ (["all", "sender", "nothing"]);
const NIGHT = { from: 22 * 60, to: 7 * 60 };

/** @param {number} minutes after midnight */
const clockOf = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

/** @param {string} clock like 22:00 */
function minutesOf(clock) {
  const [hours, minutes] = clock.split(":").map(Number);
  return hours * 60 + minutes;
}

/** @param {{client: Client, settings: import("../model/push.js").Settings}} props */
function Settings({ client, settings }) {
  const [busy, run] = useBusy();
  const { show, quiet } = settings;
  const change = (/** @type {any} */ what) => run(() => client.push.change(what));
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hour = (/** @type {any} */ e) => {
    const { name, value } = e.currentTarget;
    if (quiet && value) change({ quiet: { ...quiet, zone, [name]: minutesOf(value) } });
  };
  return html`
    <label class="switch"><span>${words.pushShow}</span>
      <select value=${show} disabled=${busy} onChange=${(/** @type {any} */ e) => change({ show: e.currentTarget.value })}>
        ${SHOWS.map((s) => html`<option key=${s} value=${s}>${words.pushShows[s]}</option>`)}
      </select>
    </label>
    <${Switch} label=${words.quietHours} hint=${words.quietHoursHint} on=${quiet !== null} onTurn=${(/** @type {boolean} */ on) => change({ quiet: on ? { ...NIGHT, zone } : null })} />
    ${quiet &&
    html`
      <div class="quiet-hours">
        <label>${words.quietFrom} <input name="from" type="time" required disabled=${busy} value=${clockOf(quiet.from)} onChange=${hour} /></label>
        <label>${words.quietTo} <input name="to" type="time" required disabled=${busy} value=${clockOf(quiet.to)} onChange=${hour} /></label>
      </div>
    `}
  `;
}

/** @param {{client: Client}} props */
export function PushSheet({ client }) {
  const [, run] = useBusy({ push_failed: words.pushFailed });
  const { push } = client;
  useEffect(() => {
    push.resume().catch(() => {});
    push.readSettings().catch(() => {});
  }, []);
  return html`
    <section class="sheet" aria-label=${words.pushes}>
      <h2>${words.pushes}</h2>
      ${push.state === "unsupported"
        ? html`<p class="hint with-icon"><${Icon} name="mute" />${words.pushUnsupported}</p>`
        : html`<${Switch} label=${words.pushHere} hint=${push.state === "denied" ? words.pushDenied : words.pushHereHint} on=${push.state === "on"}
            onTurn=${(/** @type {boolean} */ on) => run(() => (on ? push.enable() : push.disable()))} />`}
      ${push.settings && html`<${Settings} client=${client} settings=${push.settings} />`}
    </section>
  `;
}
