// What an entry says, in one line: for the list of conversations, and for the
// lines between messages that tell what happened in a group.

import { length } from "./size.js";
import { words } from "./words.js";
import { isMessage } from "../model/conversation.js";

/** @typedef {import("../model/types.js").Entry} Entry */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../model/people.js").People} People */

const NAMES_MOST = 5;

/** @param {People} people @param {Conversation} c @param {string} user */
const called = (people, c, user) => (user === people.me.user ? words.you : people.name(user, c));

/** @param {People} people @param {Conversation} c @param {string[]} users */
function several(people, c, users) {
  const names = users.slice(0, NAMES_MOST).map((u) => called(people, c, u)).join(words.listJoin);
  return users.length > NAMES_MOST ? words.andMore(names, users.length - NAMES_MOST) : names;
}

/** What happened in a group; "" for an entry that has no line of its own. @param {Entry} e @param {Conversation} c @param {People} people @returns {string} */
export function happened(e, c, people) {
  const { body } = e;
  const who = called(people, c, body.by ?? e.from);
  if (e.kind === "group") {
    if (typeof body.name === "string") return words.renamedTo(who, body.name);
    if (typeof body.mute_all === "boolean") return body.mute_all ? words.allMuted(who) : words.allUnmuted(who);
    return words.somethingHappened;
  }
  if (e.kind !== "member") return "";
  const users = /** @type {string[]} */ (body.users ?? []);
  const whom = several(people, c, users);
  switch (body.action) {
    case "create":
      return words.groupCreated(who, several(people, c, users.filter((u) => u !== e.from)));
    case "add":
      return words.added(who, whom);
    case "join":
      return words.joined(whom);
    case "leave":
      return words.leftBy(whom);
    case "remove":
      return words.removedBy(who, whom);
    case "role":
      return body.role === "admin" ? words.madeAdmin(who, whom) : words.madeMember(who, whom);
    case "mute":
      return words.mutedBy(who, whom);
    case "unmute":
      return words.unmutedBy(who, whom);
    case "nickname":
      return words.nicknamed(who, body.nickname ?? "");
    case "transfer":
      return words.transferred(who, whom);
    case "dissolve":
      return words.dissolvedBy(who);
  }
  return words.somethingHappened;
}

/** What a message says, as plain text in one line. @param {{kind: string, from: string, body: any}} e @param {Conversation} c @param {People} people @returns {string} */
export function gist(e, c, people) {
  switch (e.kind) {
    case "text":
      return e.body.text.replace(/\s+/g, " ").trim();
    case "location":
      return `[${words.location}] ${e.body.name ?? ""}`.trim();
    case "contact":
      return `[${words.card}] ${people.name(e.body.user)}`;
    case "app_card":
      return `[${words.program}] ${e.body.title}`;
    case "image":
      return `[${words.picture}] ${e.body.caption ?? ""}`.trim();
    case "voice":
      return `[${words.voice}] ${length(e.body.duration_ms)}`;
    case "video":
      return `[${words.video}] ${length(e.body.duration_ms)}`;
    case "file":
      return `[${words.file}] ${e.body.name}`;
    case "recall":
    case "recalled":
      return e.from === people.me.user ? words.recalledByYou : words.recalledBy(people.name(e.from, c));
    case "takedown":
    case "removed":
      return words.removed;
  }
  return `[${words.unsupported}]`;
}

/** The line below a conversation's title. @param {Conversation} c @param {People} people @returns {string} */
export function preview(c, people) {
  const e = c.last;
  if (!e) return "";
  const line = happened(/** @type {Entry} */ (e), c, people);
  if (line) return line;
  const text = gist(e, c, people);
  const named = c.kind === "group" && e.from !== people.me.user && isMessage(e) && e.kind !== "recalled" && e.kind !== "removed";
  return named ? `${people.name(e.from, c)}: ${text}` : text;
}
