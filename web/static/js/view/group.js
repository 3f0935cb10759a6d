// A group's details: its name, its members, and leaving it.

import { html, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Dialog, sure } from "./ask.js";
import { Icon } from "./icons.js";
import { Members } from "./members.js";
import { PickFriends } from "./pick-friends.js";
import { go } from "./router.js";
import { useBusy } from "./use.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */

/** A line of text that can be changed in place. @param {{label: string, value: string, most: number, hint?: string, onSave: (text: string) => Promise<any>}} props */
function Line({ label, value, most, onSave }) {
  const [busy, run] = useBusy();
  const [text, setText] = useState(/** @type {string|null} */ (null));
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    run(() => onSave((text ?? "").trim())).then((ok) => ok && setText(null));
  };
  return html`
    <form class="form line" onSubmit=${submit}>
      <label class="field"><span>${label}</span>
        <input dir="auto" maxlength=${most} value=${text ?? value} onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)} /></label>
      ${text !== null && text !== value && html`<button type="submit" class="primary small" disabled=${busy}>${words.save}</button>`}
    </form>
  `;
}

/** @param {{client: Client, c: Conversation, onClose: () => void}} props */
function AddPeople({ client, c, onClose }) {
  const [picked, setPicked] = useState(/** @type {Set<string>} */ (new Set()));
  const [busy, run] = useBusy();
  const add = () => run(() => client.addMembers(c, [...picked])).then((ok) => ok && onClose());
  return html`
    <${Dialog} title=${words.addPeople} onClose=${onClose}>
      <${PickFriends} client=${client} picked=${picked} onPick=${setPicked} without=${(c.members ?? []).map((m) => m.user)} />
      <div class="actions">
        <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
        <button type="button" class="primary" disabled=${busy || picked.size === 0} onClick=${add}>${words.add}</button>
      </div>
    <//>
  `;
}

/** @param {{client: Client, c: Conversation}} props */
export function GroupDetails({ client, c }) {
  const [busy, run] = useBusy();
  const [adding, setAdding] = useState(false);
  const [muteAll, setMuteAll] = useState(/** @type {boolean|null} */ (null)); // while it is being changed
  const { group } = c;
  if (!group) return null;
  const leads = group.my_role === "owner" || group.my_role === "admin";
  const mine = c.members?.find((m) => m.user === client.user);

  const leave = async () => {
    if (await sure(words.leaveGroup, words.leaveGroupSure)) (await run(() => client.leaveGroup(c))) && go({ page: "chats" });
  };
  const silence = async (/** @type {any} */ e) => {
    const on = e.currentTarget.checked;
    setMuteAll(on);
    await run(() => client.changeGroup(c, { mute_all: on }));
    setMuteAll(null);
  };
  const dissolve = async () => {
    if (await sure(words.dissolveGroup, words.dissolveGroupSure)) run(() => client.dissolve(c));
  };
  return html`
    <div class="about group-about">
      <${Avatar} id=${c.stream} name=${c.title} group size="large" />
      <p class="about-name" dir="auto">${c.title}</p>
      <p class="soft">${words.memberCount(group.member_count)}</p>
      ${leads && !c.closed && html`<${Line} label=${words.groupName} most="64" value=${group.name} onSave=${(/** @type {string} */ name) => client.changeGroup(c, { name })} />`}
      ${mine && !c.closed && html`<${Line} label=${words.myNickname} most="64" value=${mine.nickname ?? ""}
        onSave=${(/** @type {string} */ nickname) => client.changeMember(c, client.user, { nickname })} />`}
      ${leads && !c.closed &&
      html`
        <label class="switch"><span>${words.muteEverybody}</span>
          <input type="checkbox" role="switch" checked=${muteAll ?? group.settings.mute_all} onChange=${silence} /></label>
      `}
      <div class="members-head">
        <h3 class="section">${words.members}</h3>
        ${!c.closed && html`<button type="button" class="plain small" onClick=${() => setAdding(true)}><${Icon} name="plus" />${words.addPeople}</button>`}
      </div>
      <${Members} client=${client} c=${c} />
      <div class="about-more">
        ${!c.left && html`<button type="button" class="row-button danger-text" disabled=${busy || group.settings.dissolved} onClick=${leave}><${Icon} name="leave" />${words.leaveGroup}</button>`}
        ${group.my_role === "owner" && !c.closed && html`<button type="button" class="row-button danger-text" disabled=${busy} onClick=${dissolve}><${Icon} name="trash" />${words.dissolveGroup}</button>`}
      </div>
      ${adding && html`<${AddPeople} client=${client} c=${c} onClose=${() => setAdding(false)} />`}
    </div>
  `;
}
