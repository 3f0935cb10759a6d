// What an entry changes about a group, so that everybody sees it at once and
// alike; the server is asked for the whole only now and then.

/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").Group} Group */

/** @param {Group} group @param {string} user @returns {"owner"|"admin"|"member"} */
const roleOf = (group, user) => (user === group.owner ? "owner" : group.admins.includes(user) ? "admin" : "member");

/** @param {Conversation} c @param {Entry} e of kind member or group */
export function follow(c, { kind, body }) {
  if (!c.group) return;
  const group = { ...c.group, settings: { ...c.group.settings } };
  /** @type {string[]} */
  const users = body.users ?? [];
  let members = c.members;
  if (kind === "group") {
    group.name = body.name ?? group.name;
    group.settings.mute_all = body.mute_all ?? group.settings.mute_all;
  }
  switch (body.action) {
    case "add":
    case "join":
      group.member_count += users.length;
      break;
    case "leave":
    case "remove":
      group.member_count -= users.length;
      members = members && members.filter((m) => !users.includes(m.user));
      break;
    case "role":
      group.admins = group.admins.filter((u) => !users.includes(u)).concat(body.role === "admin" ? users : []);
      break;
    case "transfer":
      if (!group.admins.includes(group.owner)) group.admins = [...group.admins, group.owner];
      group.owner = users[0];
      break;
    case "dissolve":
      group.settings.dissolved = true;
  }
  group.owner = body.owner ?? group.owner;
  group.admins = group.admins.filter((u) => u !== group.owner);
  group.my_role = c.left ? "" : roleOf(group, c.me);
  c.group = group;
  c.title = group.name;
  c.members =
    members &&
    members.map((m) => {
      const one = { ...m, role: roleOf(group, m.user) };
      if (!users.includes(m.user)) return one;
      if (body.action === "mute") one.muted_until = body.until;
      if (body.action === "unmute") delete one.muted_until;
      if (body.action === "nickname") one.nickname = body.nickname;
      return one;
    });
}
