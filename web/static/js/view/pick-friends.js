// Choosing among friends.

import { html, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { words } from "../text/words.js";

/** From so many friends on they can be searched; and more are not shown at once. */
const FILTER_FROM = 12;
const SHOWN = 200;

/**
 * @param {object} props
 * @param {import("../model/client.js").Client} props.client
 * @param {Set<string>} props.picked
 * @param {(picked: Set<string>) => void} props.onPick
 * @param {string[]} [props.without] those who are not offered
 * @param {string} [props.legend]
 */
export function PickFriends({ client, picked, onPick, without = [], legend = words.chooseFriends }) {
  const [filter, setFilter] = useState("");
  const friends = client.people.sorted(words.code).filter((f) => !without.includes(f.user));
  const wanted = filter.trim().toLowerCase();
  const found = wanted ? friends.filter((f) => [client.people.name(f.user), f.display_name, f.user, ...f.tags].some((t) => t.toLowerCase().includes(wanted))) : friends;
  /** @param {string} user @param {boolean} on */
  const set = (user, on) => {
    const next = new Set(picked);
    if (on) next.add(user);
    else next.delete(user);
    onPick(next);
  };
  return html`
    <fieldset class="pick">
      <legend>${legend}</legend>
      ${friends.length >= FILTER_FROM &&
      html`
        <div class="filter">
          <${Icon} name="search" />
          <input type="search" aria-label=${words.filterContacts} placeholder=${words.filterContacts} value=${filter}
            onInput=${(/** @type {any} */ e) => setFilter(e.currentTarget.value)} />
        </div>
      `}
      ${found.slice(0, SHOWN).map((f) => {
        const name = client.people.name(f.user);
        return html`
          <label key=${f.user} class="pick-one">
            <input type="checkbox" checked=${picked.has(f.user)} onChange=${(/** @type {any} */ e) => set(f.user, e.currentTarget.checked)} />
            <${Avatar} id=${f.user} name=${name} size="small" />
            <span dir="auto">${name}</span>
          </label>
        `;
      })}
      ${friends.length === 0 && html`<p class="soft">${without.length ? words.noFriendsToAdd : words.noFriends}</p>`}
    </fieldset>
  `;
}
