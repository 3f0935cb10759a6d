// Showing the page of a mini-program that is open to somebody: in a chat, or in
// Moments.

import { html, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Dialog } from "./ask.js";
import { toast } from "./toasts.js";
import { useBusy } from "./use.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */

/** A card's title has at most so many characters. */
const TITLE_MOST = 64;

/** @param {{title: string, onTitle: (title: string) => void}} props */
const Title = ({ title, onTitle }) => html`
  <label class="field"><span>${words.cardTitle}</span>
    <input required maxlength=${TITLE_MOST} dir="auto" value=${title} onInput=${(/** @type {any} */ e) => onTitle(e.currentTarget.value)} /></label>
`;

/** @param {{client: Client, app: string, page: string, name: string, onClose: () => void}} props */
export function SendCard({ client, app, page, name, onClose }) {
  const [title, setTitle] = useState(name);
  const [to, setTo] = useState("");
  const [busy, run] = useBusy();
  const { chats, people } = client;
  const talks = chats.listed().filter((c) => !c.closed && c.kind !== "service");
  const talking = new Set(talks.map((c) => c.peer));
  const rest = people.sorted(words.code).filter((f) => !talking.has(f.user));
  const places = [
    ...talks.map((c) => ({ key: c.stream, name: people.title(c), id: c.peer || c.stream, group: c.kind === "group" })),
    ...rest.map((f) => ({ key: f.user, name: people.name(f.user), id: f.user, group: false })),
  ];
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    const place = places.find((p) => p.key === to);
    if (!place) return;
    run(async () => {
      const c = chats.all.get(to) ?? (await chats.open(await client.talkTo(to)));
      client.outbox.add(c.stream, "app_card", { app, title: title.trim(), page });
    }).then((ok) => {
      if (!ok) return;
      toast(words.cardSent(place.name));
      onClose();
    });
  };
  return html`
    <${Dialog} title=${words.sendToChat} onClose=${onClose}>
      <form class="form" onSubmit=${submit}>
        <${Title} title=${title} onTitle=${setTitle} />
        <fieldset class="pick">
          <legend>${words.chooseChat}</legend>
          ${places.map(
            (p) => html`
              <label key=${p.key} class="pick-one">
                <input type="radio" name="to" required checked=${to === p.key} onChange=${() => setTo(p.key)} />
                <${Avatar} id=${p.id} name=${p.name} group=${p.group} size="small" /><span dir="auto">${p.name}</span>
              </label>
            `,
          )}
        </fieldset>
        <div class="actions">
          <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
          <button type="submit" class="primary" disabled=${busy || !to || !title.trim()}>${words.send}</button>
        </div>
      </form>
    <//>
  `;
}
