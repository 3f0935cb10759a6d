// Times as people read them, in their language and their zone.

import { words } from "./words.js";

const DAY_MS = 86_400_000;

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {Date} date @param {Intl.DateTimeFormatOptions} opt */
function format(date, opt) {
  const key = words.code + JSON.stringify(opt);
  let f = formats.get(key);
  if (!f) formats.set(key, (f = new Intl.DateTimeFormat(words.code === "zh" ? "zh-CN" : navigator.language.startsWith("en") ? navigator.language : "en", opt)));
  return f.format(date);
}

/** Midnight before a moment, in the zone of whoever looks. @param {Date} d */
const dayOf = (d) => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime();

/** A key that is the same for moments of one day. @param {string} at */
export const day = (at) => String(dayOf(new Date(at)));

/** Like 18:05. @param {string} at */
export const clock = (at) => format(new Date(at), { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Like "Today", "Tuesday", "3 March". @param {string} at */
export function dayName(at) {
  const date = new Date(at);
  const ago = Math.round((dayOf(new Date()) - dayOf(date)) / DAY_MS);
  if (ago === 0) return words.today;
  if (ago === 1) return words.yesterday;
  if (ago > 1 && ago < 7) return format(date, { weekday: "long" });
  if (date.getFullYear() === new Date().getFullYear()) return format(date, { day: "numeric", month: "long" });
  return format(date, { day: "numeric", month: "long", year: "numeric" });
}

/** As short as a list wants it: the hour today, the day before. @param {string} at */
export function brief(at) {
  const date = new Date(at);
  const ago = Math.round((dayOf(new Date()) - dayOf(date)) / DAY_MS);
  if (ago <= 0) return clock(at);
  if (ago === 1) return words.yesterday;
  if (ago < 7) return format(date, { weekday: "short" });
  if (date.getFullYear() === new Date().getFullYear()) return format(date, { day: "numeric", month: "short" });
  return format(date, { year: "numeric", month: "numeric", day: "numeric" });
}

/** Day and hour. @param {string} at */
export const moment = (at) => `${dayName(at)} ${clock(at)}`;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Like "just now", "5 min. ago", "3 hr. ago" within a day; then the day and the hour. @param {string} at */
export function ago(at) {
  const ms = Date.now() - Date.parse(at);
  if (ms < MINUTE_MS) return words.justNow;
  if (ms >= 12 * HOUR_MS) return moment(at);
  const f = new Intl.RelativeTimeFormat(words.code === "zh" ? "zh-CN" : "en", { style: "short" });
  return ms < HOUR_MS ? f.format(-Math.floor(ms / MINUTE_MS), "minute") : f.format(-Math.floor(ms / HOUR_MS), "hour");
}

/** Like "18:05" or "29 Nov": until when something holds. @param {string} at */
export function deadline(at) {
  const date = new Date(at);
  const days = Math.round((dayOf(date) - dayOf(new Date())) / DAY_MS);
  if (days <= 0) return clock(at);
  const near = days < 3 ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : date.getFullYear() === new Date().getFullYear() ? {} : { year: "numeric" };
  return format(date, /** @type {Intl.DateTimeFormatOptions} */ ({ day: "numeric", month: "short", ...near }));
}

/** A day without an hour, like "29 November". @param {string} iso like 2026-11-29 */
export const date = (iso) => dayName(iso + "T12:00:00");
