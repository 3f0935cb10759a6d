// The language the client speaks: the browser's, unless somebody chose another.

import { en } from "./en.js";
import { zh } from "./zh.js";
import { recall, remember } from "../model/keep.js";

/** The languages there are; the first is the one for everybody else. */
export const languages = [
  { code: "en", label: "English", words: en },
  { code: "zh", label: "中文", words: zh },
];

/** What was chosen; "" follows the browser. */
export let chosen = recall("language", "");

/** What the client says now. @type {import("./en.js").Words} */
export let words = en;

function settle() {
  const wanted = [chosen, ...navigator.languages].filter(Boolean).map((l) => l.toLowerCase().split("-")[0]);
  const code = wanted.find((w) => languages.some((l) => l.code === w));
  words = (languages.find((l) => l.code === code) ?? languages[0]).words;
  document.documentElement.lang = words.code === "zh" ? "zh-Hans" : words.code;
}

/** @param {string} code "" follows the browser */
export function speak(code) {
  chosen = code;
  remember("language", code || undefined);
  settle();
}

settle();

/** What to say about something that went wrong. @param {unknown} err @param {Record<string, string>} [better] words for this occasion, by code */
export function complaint(err, better = {}) {
  const { code = "internal", message = "" } = /** @type {{code?: string, message?: string}} */ (err);
  return better[code] ?? words.problems[code] ?? (message || words.problems.internal);
}
