// The values of a notice, and what a sheet grants, as people read them.

import { date, deadline } from "./time.js";
import { words } from "./words.js";

/** Like "Gate number" for gate_number: for what has no words of its own. @param {string} key */
function label(key) {
  const text = key.replace(/[_-]+/g, " ").trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A value as people read it. @param {{type: string, value: string}} param @returns {string} */
export function reading({ type, value }) {
  if (type === "date" && /^\d{4}-\d\d-\d\d$/.test(value)) return date(value);
  if (type === "enum") return label(value);
  return value;
}

/** Like "1 message, until 29 Nov". @param {import("../model/types.js").SheetItem} i @returns {string} */
export function allowance({ uses, cadence, until }) {
  if (cadence) return words.messagesPer(cadence.uses, words.cadences[cadence.per], deadline(until));
  return words.messagesUntil(uses, deadline(until));
}

/** What an app may still do by a grant. @param {import("../model/types.js").Grant} g @returns {string} */
export function remaining({ scope, uses_left: left, expires_at: until }) {
  if (scope === "window") return words.answersLeft(left, deadline(until));
  if (scope === "standing") return words.stillPer(deadline(until));
  return words.stillTimes(left, deadline(until));
}

/** @param {string} category */
export const categoryName = (category) => words.categories[category] ?? label(category);
