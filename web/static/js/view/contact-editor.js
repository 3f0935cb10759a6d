// What we keep about a friend: what we call them, under which tags they are, and
// what either sees of the other's moments. Only we see it.

import { html, useEffect, useState } from "./dom.js";
import { Icon } from "./icons.js";
import { useBusy } from "./use.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").Friend} Friend */

const TAGS_MOST = 20;

/** @param {{client: Client, friend: Friend}} props */
function Alias({ client, friend }) {
  const [busy, run] = useBusy();
  const [text, setText] = useState(friend.alias);
  useEffect(() => setText(friend.alias), [friend.alias]);
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    run(() => client.people.edit(friend.user, { alias: text.trim() }));
  };
  return html`
    <form class="form line" onSubmit=${submit}>
      <label class="field"><span>${words.alias}</span>
        <input name="alias" maxlength="64" dir="auto" placeholder=${friend.display_name} value=${text} onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)} /></label>
      ${text.trim() !== friend.alias && html`<button type="submit" class="primary small" disabled=${busy}>${words.save}</button>`}
    </form>
  `;
}

/** @param {{client: Client, friend: Friend}} props */
function Tags({ client, friend }) {
  const [busy, run] = useBusy();
  const [text, setText] = useState("");
  const { tags } = friend;
  const list = "tags-of-" + friend.user;
  const put = (/** @type {string[]} */ next) => run(() => client.people.edit(friend.user, { tags: next }));
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    const tag = text.trim().replace(/^#/, "");
    if (!tag || tags.includes(tag)) return setText("");
    put([...tags, tag]).then((ok) => ok && setText(""));
  };
  return html`
    <form class="form tags" onSubmit=${submit}>
      <label class="field"><span>${words.tags}</span>
        <span class="chips">
          ${tags.map(
            (t) => html`<button key=${t} type="button" class="chip picked" disabled=${busy} aria-label=${words.removeTag(t)} onClick=${() => put(tags.filter((o) => o !== t))}><span dir="auto">#${t}</span><${Icon} name="close" /></button>`,
          )}
          ${tags.length < TAGS_MOST &&
          html`<input class="chip-input" name="tag" maxlength="64" dir="auto" autocomplete="off" list=${list} aria-label=${words.addTag} placeholder=${words.addTag} value=${text}
            onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)} />`}
        </span></label>
      <datalist id=${list}>${client.people.tags(words.code).filter((t) => !tags.includes(t)).map((t) => html`<option key=${t} value=${t}></option>`)}</datalist>
    </form>
  `;
}

/** @param {{label: string, hint?: string, on: boolean, disabled?: boolean, onTurn: (on: boolean) => Promise<any>}} props */
export function Switch({ label, hint, on, disabled = false, onTurn }) {
  const [wanted, setWanted] = useState(/** @type {boolean|null} */ (null)); // while it is being changed
  const turn = async (/** @type {any} */ e) => {
    setWanted(e.currentTarget.checked);
    await onTurn(e.currentTarget.checked);
    setWanted(null);
  };
  return html`
    <label class="switch"><span>${label}${hint && html`<span class="hint">${hint}</span>`}</span>
      <input type="checkbox" role="switch" aria-label=${label} checked=${wanted ?? on} disabled=${disabled || wanted !== null} onChange=${turn} /></label>
  `;
}

/** @param {{client: Client, friend: Friend}} props */
export function ContactEditor({ client, friend }) {
  const [, run] = useBusy();
  const set = (/** @type {"starred"|"chat_only"|"hide_my_moments"|"hide_their_moments"} */ what) => (/** @type {boolean} */ on) =>
    run(() => client.people.edit(friend.user, { [what]: on }));
  const name = client.people.name(friend.user);
  return html`
    <section class="editor" aria-label=${words.onlyYouSee}>
      <${Alias} client=${client} friend=${friend} />
      <${Tags} client=${client} friend=${friend} />
      <${Switch} label=${words.star} on=${friend.starred} onTurn=${set("starred")} />
      <${Switch} label=${words.chatOnly} hint=${words.chatOnlyHint} on=${friend.chat_only} onTurn=${set("chat_only")} />
      <${Switch} label=${words.hideMine(name)} on=${friend.hide_my_moments || friend.chat_only} disabled=${friend.chat_only} onTurn=${set("hide_my_moments")} />
      <${Switch} label=${words.hideTheirsFrom(name)} on=${friend.hide_their_moments || friend.chat_only} disabled=${friend.chat_only} onTurn=${set("hide_their_moments")} />
      <p class="hint">${words.onlyYouSee}</p>
    </section>
  `;
}
