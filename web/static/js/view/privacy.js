// How others see us: our state, who may know it, how far back our moments are
// seen, and whom we have blocked.

import { html, cls, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { Switch } from "./contact-editor.js";
import { toast } from "./toasts.js";
import { useBusy } from "./use.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */

const STATES = /** @type {const} */ (["active", "away", "invisible"]);
const DOTS = { active: "online", away: "away", invisible: "offline" };
const WINDOWS = /** @type {const} */ (["all", "6m", "1m", "3d"]);
const TEXT_MOST = 128;

/** @param {{client: Client}} props */
export function Status({ client }) {
  const [busy, run] = useBusy();
  const { status, people } = client;
  const [text, setText] = useState(/** @type {string|null} */ (null));
  const [wanted, setWanted] = useState(/** @type {string|null} */ (null)); // while it is being changed
  const state = wanted ?? status.state;
  const choose = (/** @type {typeof STATES[number]} */ to) => async () => {
    setWanted(to);
    await run(() => client.present({ state: to }));
    setWanted(null);
  };
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    run(() => client.present({ text: (text ?? "").trim() })).then((ok) => {
      if (!ok) return;
      setText(null);
      toast(words.saved);
    });
  };
  return html`
    <section class="sheet" aria-label=${words.status}>
      <h2>${words.status}</h2>
      <fieldset class="states">
        <legend class="hidden">${words.status}</legend>
        ${STATES.map(
          (s) => html`
            <label key=${s} class=${cls("state", state === s && "picked")}>
              <input type="radio" name="state" checked=${state === s} onChange=${choose(s)} /><i class=${cls("dot", DOTS[s])}></i>${words.states[s]}
            </label>
          `,
        )}
      </fieldset>
      ${state === "invisible" && html`<p class="hint">${words.invisibleHint}</p>`}
      <form class="form line" onSubmit=${submit}>
        <label class="field"><span>${words.statusText}</span>
          <input maxlength=${TEXT_MOST} dir="auto" value=${text ?? status.text} onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)} /></label>
        ${text !== null && text.trim() !== status.text && html`<button type="submit" class="primary small" disabled=${busy}>${words.save}</button>`}
      </form>
      <${Switch} label=${words.showPresence} hint=${words.showPresenceHint} on=${people.me.presence_visible_to !== "nobody"}
        onTurn=${(/** @type {boolean} */ on) => run(() => client.showPresence(on ? "friends" : "nobody"))} />
    </section>
  `;
}

/** @param {{client: Client}} props */
export function Privacy({ client }) {
  const [busy, run] = useBusy();
  const { people } = client;
  const look = (/** @type {any} */ e) => run(() => people.present({ moments_look_back: e.currentTarget.value })).then((ok) => ok && toast(words.saved));
  return html`
    <section class="sheet" aria-label=${words.privacy}>
      <h2>${words.privacy}</h2>
      <label class="switch"><span>${words.lookBack}<span class="hint">${words.lookBackHint}</span></span>
        <select value=${people.me.moments_look_back ?? "all"} disabled=${busy} onChange=${look}>
          ${WINDOWS.map((w) => html`<option key=${w} value=${w}>${words.lookBacks[w]}</option>`)}
        </select>
      </label>
      ${people.blocks.length > 0 &&
      html`
        <h3>${words.blocked}</h3>
        <ul role="list" class="devices" aria-label=${words.blocked}>
          ${people.blocks.map(({ user }) => {
            const name = people.name(user);
            return html`
              <li key=${user}>
                <${Avatar} id=${user} name=${name} size="small" /><span><b dir="auto">${name}</b><span class="soft">@${user}</span></span>
                <button type="button" class="plain small" disabled=${busy} aria-label=${`${words.unblock}: ${name}`} onClick=${() => run(() => people.block(user, false))}>${words.unblock}</button>
              </li>
            `;
          })}
        </ul>
      `}
      ${people.blocks.length === 0 && html`<p class="hint with-icon"><${Icon} name="shield" />${words.nobodyBlocked}</p>`}
    </section>
  `;
}
