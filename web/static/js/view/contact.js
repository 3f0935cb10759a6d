// One person: who it is, and what one can do about them.

import { html } from "./dom.js";
import { Avatar } from "./avatar.js";
import { ContactEditor } from "./contact-editor.js";
import { Icon } from "./icons.js";
import { Link, go } from "./router.js";
import { Nothing } from "./nothing.js";
import { sure } from "./ask.js";
import { toast } from "./toasts.js";
import { useBusy, useFocusOn } from "./use.js";
import { presence } from "../text/around.js";
import { dayName } from "../text/time.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */

/** What stands about somebody, on their own page and beside a conversation. @param {{client: Client, user: string}} props */
export function ContactCard({ client, user }) {
  const [busy, run] = useBusy();
  const { people } = client;
  const friend = people.friends.get(user);
  const own = friend?.display_name ?? (people.ready ? people.profile(user)?.display_name : undefined);
  const name = people.name(user);
  const me = user === client.user;
  const blocked = people.blocked(user);
  if (people.nobody(user) && !friend) return html`<${Nothing} picture="img/leaves.svg" title=${words.noSuchUser} hint=${"@" + user} />`;

  const ask = () => run(async () => {
    const state = await people.ask(user, words.greetingDefault(people.me.display_name));
    toast(state === "friends" ? words.nowFriends(name) : words.requestSent(name));
  });
  const remove = async () => {
    if (await sure(words.removeFriend, words.removeFriendSure(name))) run(() => people.remove(user));
  };
  const block = async () => {
    if (blocked || (await sure(words.block, words.blockSure(name)))) run(() => people.block(user, !blocked));
  };
  return html`
    <div class="about">
      <${Avatar} id=${user} name=${name} size="large" dot=${!me} />
      <p class="about-name" dir="auto">${name}</p>
      ${friend?.alias && html`<p class="soft" dir="auto">${own}</p>`}
      ${friend && html`<p class="soft" dir="auto">${presence(client.around.of(user))}</p>`}
      <div class="about-actions">
        ${friend && html`<button type="button" class="primary" disabled=${busy}
          onClick=${() => run(async () => go({ page: "chats", stream: await client.talkTo(user) }))}><${Icon} name="chats" />${words.chat}</button>`}
        ${(friend || me) && html`<${Link} class="plain button" to=${{ page: "moments", part: "by", user }}><${Icon} name="moments" />${words.moments}<//>`}
        ${!friend && !me && html`<button type="button" class="primary" disabled=${busy || people.asked.has(user)} onClick=${ask}>
          <${Icon} name="person" />${people.asked.has(user) ? words.asked : words.askFriend}</button>`}
      </div>
      <dl class="facts">
        <div class="fact"><dt>${words.userId}</dt><dd>@${user}</dd></div>
        ${friend && html`<div class="fact"><dt>${words.friendsSince}</dt><dd>${dayName(friend.since)}</dd></div>`}
      </dl>
      ${friend && html`<${ContactEditor} key=${user} client=${client} friend=${friend} />`}
      ${!me &&
      html`
        <div class="about-more">
          <button type="button" class="row-button" disabled=${busy} onClick=${block}><${Icon} name="block" />${blocked ? words.unblock : words.block}</button>
          ${friend && html`<button type="button" class="row-button danger-text" disabled=${busy} onClick=${remove}><${Icon} name="trash" />${words.removeFriend}</button>`}
        </div>
      `}
    </div>
  `;
}

/** @param {{client: Client, user: string}} props */
export function ContactPage({ client, user }) {
  const heading = useFocusOn(user);
  return html`
    <header class="talk-head">
      <${Link} to=${{ page: "contacts" }} class="quiet round button back" aria-label=${words.back}><${Icon} name="back" /><//>
      <div class="talk-title"><h2 tabindex="-1" ref=${heading} dir="auto">${client.people.name(user)}</h2></div>
    </header>
    <div class="scroll"><${ContactCard} client=${client} user=${user} /></div>
  `;
}
