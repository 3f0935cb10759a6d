// Friends, requests that wait for an answer, and adding somebody.

import { html, cls, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Dialog } from "./ask.js";
import { Icon } from "./icons.js";
import { Link, go } from "./router.js";
import { arrows } from "./chat-list.js";
import { toast } from "./toasts.js";
import { useBusy } from "./use.js";
import { presence } from "../text/around.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */

/** @param {{client: Client, request: import("../model/types.js").ContactRequest}} props */
function Request({ client, request }) {
  const [busy, run] = useBusy();
  const { people } = client;
  const name = people.name(request.from);
  const answer = (/** @type {boolean} */ yes) => () =>
    run(() => people.answer(request.from, yes)).then((ok) => ok && yes && toast(words.nowFriends(name)));
  return html`
    <div class="request" role="group" aria-label=${name}>
      <${Avatar} id=${request.from} name=${name} />
      <div class="request-text">
        <p><b dir="auto">${name}</b> <span class="soft">@${request.from}</span></p>
        <p class="soft" dir="auto">${request.greeting || words.wantsToBeFriends}</p>
      </div>
      <div class="actions">
        <button type="button" class="plain small" disabled=${busy} onClick=${answer(false)}>${words.decline}</button>
        <button type="button" class="primary small" disabled=${busy} onClick=${answer(true)}>${words.accept}</button>
      </div>
    </div>
  `;
}

/** @param {{client: Client, onClose: () => void}} props */
function AddContact({ client, onClose }) {
  const [busy, run] = useBusy({ not_found: words.noSuchUser });
  const { people } = client;
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (e.currentTarget));
    const to = String(data.get("to")).trim().replace(/^@/, "").toLowerCase();
    run(async () => {
      const state = await people.ask(to, String(data.get("greeting")).trim());
      toast(state === "friends" ? words.nowFriends(people.name(to)) : words.requestSent(people.name(to)));
      onClose();
      go({ page: "contacts", user: to });
    });
  };
  return html`
    <${Dialog} title=${words.addContact} onClose=${onClose}>
      <form class="form" onSubmit=${submit}>
        <label class="field"><span>${words.user}</span>
          <input name="to" required autocomplete="off" autocapitalize="none" spellcheck=${false} autofocus /></label>
        <label class="field"><span>${words.greeting}</span>
          <input name="greeting" maxlength="200" dir="auto" value=${words.greetingDefault(people.me.display_name)} /></label>
        <div class="actions">
          <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
          <button type="submit" class="primary" disabled=${busy}>${words.add}</button>
        </div>
      </form>
    <//>
  `;
}

/** From so many friends on they can be searched. */
const FILTER_FROM = 8;

/** @param {{client: Client, user: string, picked: boolean}} props */
function Person({ client, user, picked }) {
  const { people } = client;
  const name = people.name(user);
  const friend = people.friends.get(user);
  const line = people.blocked(user) ? words.blocked : (friend && presence(client.around.of(user))) || "@" + user;
  const id = "contact-" + user;
  return html`
    <li class=${cls("item", "person", picked && "is-picked")}>
      <${Avatar} id=${user} name=${name} dot=${Boolean(friend)} />
      <${Link} to=${{ page: "contacts", user }} class="item-title" dir="auto" aria-current=${picked ? "true" : undefined} aria-describedby=${id}>${name}<//>
      <span class="item-line" id=${id} dir="auto">${line}${friend?.tags.map((t) => html` <span class="tag" key=${t}>${t}</span>`)}</span>
      ${friend?.starred && html`<span class="item-marks"><${Icon} name="star" class="filled" /><span class="hidden">${words.starred}</span></span>`}
    </li>
  `;
}

/** Does a friend fit what is looked for: a name, a tag? @param {Client} client @param {import("../model/types.js").Friend} f @param {string} wanted */
const fits = (client, f, wanted) => [client.people.name(f.user), f.display_name, f.user, ...f.tags].some((t) => t.toLowerCase().includes(wanted));

/** @param {{client: Client, picked?: string}} props */
export function ContactList({ client, picked }) {
  const [adding, setAdding] = useState(false);
  const { people } = client;
  const [filter, setFilter] = useState("");
  const all = people.sorted(words.code);
  const wanted = filter.trim().toLowerCase().replace(/^#/, "");
  const friends = (wanted ? all.filter((f) => fits(client, f, wanted)) : all).sort((a, b) => Number(b.starred) - Number(a.starred));
  const blocked = people.blocks.filter((b) => !people.friends.has(b.user));
  return html`
    <header class="pane-head">
      <h1>${words.contacts}</h1>
      <${Link} to=${{ page: "new-group" }} class="quiet round button" aria-label=${words.newGroup} title=${words.newGroup}><${Icon} name="group" /><//>
      <button type="button" class="quiet round" aria-label=${words.addContact} title=${words.addContact} onClick=${() => setAdding(true)}>
        <${Icon} name="person" />
      </button>
    </header>
    ${all.length >= FILTER_FROM &&
    html`
      <div class="filter">
        <${Icon} name="search" />
        <input type="search" aria-label=${words.filterContacts} placeholder=${words.filterContacts} value=${filter}
          onInput=${(/** @type {any} */ e) => setFilter(e.currentTarget.value)} />
      </div>
    `}
    <div class="scroll">
      ${people.requests.length > 0 &&
      html`
        <section class="requests" aria-label=${words.requests}>
          <h2 class="section">${words.requests}</h2>
          ${people.requests.map((r) => html`<${Request} key=${r.from} client=${client} request=${r} />`)}
        </section>
      `}
      ${friends.length > 0 && html`<h2 class="section">${words.friends}</h2>`}
      <ul role="list" class="items" aria-label=${words.friends} onKeyDown=${arrows}>
        ${friends.map((f) => html`<${Person} key=${f.user} client=${client} user=${f.user} picked=${f.user === picked} />`)}
      </ul>
      ${wanted && friends.length === 0 && html`<p class="empty-list">${words.nothingFound}</p>`}
      ${people.ready && all.length === 0 &&
      html`
        <div class="empty-list">
          <h2>${words.noFriends}</h2>
          <p>${words.noFriendsHint}</p>
          <button type="button" class="primary" onClick=${() => setAdding(true)}>${words.addContact}</button>
        </div>
      `}
      ${blocked.length > 0 &&
      html`
        <h2 class="section">${words.blocked}</h2>
        <ul role="list" class="items" aria-label=${words.blocked} onKeyDown=${arrows}>
          ${blocked.map((b) => html`<${Person} key=${b.user} client=${client} user=${b.user} picked=${b.user === picked} />`)}
        </ul>
      `}
    </div>
    ${adding && html`<${AddContact} client=${client} onClose=${() => setAdding(false)} />`}
  `;
}
