// Who is in a group, and what those who lead it can do about each.

import { html } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Link } from "./router.js";
import { Menu } from "./menu.js";
import { sure } from "./ask.js";
import { useBusy } from "./use.js";
import { moment } from "../text/time.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../model/types.js").Member} Member */

const HOUR_MS = 3_600_000;
const RANK = { owner: 0, admin: 1, member: 2 };

/** Does somebody with that role lead this member? @param {string} role @param {Member} m */
const leads = (role, m) => (role === "owner" && m.role !== "owner") || (role === "admin" && m.role === "member");

/** @param {Member} m */
const muted = (m) => Boolean(m.muted_until && Date.parse(m.muted_until) > Date.now());

/** @param {{client: Client, c: Conversation, m: Member}} props */
function MemberRow({ client, c, m }) {
  const [, run] = useBusy();
  const name = client.people.name(m.user, c);
  const role = c.group?.my_role ?? "";
  const change = (/** @type {object} */ to) => () => run(() => client.changeMember(c, m.user, to));
  const mute = (/** @type {number} */ ms) => () => change({ muted_until: new Date(Date.now() + ms).toISOString() })();
  const items = () => {
    const out = [];
    if (role === "owner") {
      if (m.role === "member") out.push({ label: words.makeAdmin, icon: "shield", act: change({ role: "admin" }) });
      else out.push({ label: words.makeMember, icon: "shield", act: change({ role: "member" }) });
      out.push({
        label: words.makeOwner,
        icon: "crown",
        act: async () => (await sure(words.makeOwner, words.makeOwnerSure(name))) && run(() => client.transfer(c, m.user)),
      });
    }
    if (muted(m)) out.push({ label: words.letWrite, icon: "bell", act: change({ muted_until: null }) });
    else {
      out.push({ label: words.muteHour, icon: "mute", act: mute(HOUR_MS) });
      out.push({ label: words.muteDay, icon: "mute", act: mute(24 * HOUR_MS) });
    }
    out.push({
      label: words.removeMember,
      icon: "leave",
      danger: true,
      act: async () => (await sure(words.removeMember, words.removeMemberSure(name))) && run(() => client.removeMember(c, m.user)),
    });
    return out;
  };
  const label = m.role === "owner" ? words.owner : m.role === "admin" ? words.admin : "";
  return html`
    <li class="member">
      <div class="item person">
        <${Avatar} id=${m.user} name=${name} size="small" dot=${client.people.friends.has(m.user)} />
        <${Link} to=${{ page: "contacts", user: m.user }} class="item-title" dir="auto">
          ${name}${m.user === client.user && html` <span class="soft">(${words.you})</span>`}
        <//>
        <span class="item-line">${muted(m) ? words.mutedTill(moment(m.muted_until ?? "")) : "@" + m.user}</span>
      </div>
      ${label && html`<span class="role">${label}</span>`}
      ${!c.closed && leads(role, m) && html`<${Menu} label=${`${words.more}: ${name}`} items=${items} />`}
    </li>
  `;
}

/** @param {{client: Client, c: Conversation}} props */
export function Members({ client, c }) {
  const members = [...(c.members ?? [])].sort((a, b) => RANK[a.role] - RANK[b.role]);
  return html`
    <ul role="list" class="items members" aria-label=${words.members}>
      ${members.map((m) => html`<${MemberRow} key=${m.user} client=${client} c=${c} m=${m} />`)}
    </ul>
  `;
}
