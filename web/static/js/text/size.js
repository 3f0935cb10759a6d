// Sizes and lengths as people read them.

import { words } from "./words.js";

const UNITS = /** @type {const} */ (["byte", "kilobyte", "megabyte", "gigabyte"]);

/** Like 1.4 MB. @param {number} bytes */
export function size(bytes) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const n = bytes / 1000 ** step;
  return new Intl.NumberFormat(words.code, { style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: n < 10 && step ? 1 : 0 }).format(n);
}

/** Like 0:07 or 12:30. @param {number} ms */
export function length(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, "0")}`;
}
