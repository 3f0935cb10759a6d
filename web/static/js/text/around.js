// Whether somebody is around, in words.

import { ago } from "./time.js";
import { words } from "./words.js";

/** Like "Online", "Away", "Last seen 5 min ago"; "" if nothing is known. @param {import("../model/types.js").Presence|undefined} p @returns {string} */
export function presence(p) {
  if (!p) return "";
  if (p.state === "online") return p.text ? `${words.online} · ${p.text}` : words.online;
  if (p.state === "away") return p.text ? `${words.away} · ${p.text}` : words.away;
  return p.last_seen ? words.lastAround(ago(p.last_seen)) : words.offlineNow;
}
