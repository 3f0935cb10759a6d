// What this installation remembers between visits, in the browser's local storage.
//
// The sign-in token stands here too. A cookie would travel with every request,
// also with those that other sites provoke, and the API takes tokens in a header
// only. What could read local storage is a foreign script in this page, and the
// page's policy lets none run.

// The page of `teahouse dev` shows two clients side by side, each in a frame with a
// name and with storage of its own. Elsewhere no page shows us in a frame.
const phone = globalThis.top !== globalThis.self && /^phone-[a-z]+$/.test(window.name) ? window.name + "." : "";
const PREFIX = "teahouse." + phone;

/**
 * @template T
 * @param {string} key
 * @param {T} otherwise
 * @returns {T}
 */
export function recall(key, otherwise) {
  try {
    const text = localStorage.getItem(PREFIX + key);
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise; // storage is switched off, or holds something else's data
  }
}

/** @param {string} key @param {unknown} value undefined forgets */
export function remember(key, value) {
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  } catch {
    // Full or switched off: it is forgotten at the end of the visit.
  }
}

/**
 * The name of this installation, the same at every sign-in: what it runs on, so
 * that people know it in their list of devices, and something random.
 * @returns {string}
 */
export function device() {
  let name = recall("device", "");
  if (!name) {
    const random = [...crypto.getRandomValues(new Uint8Array(4))].map((x) => x.toString(16).padStart(2, "0")).join("");
    name = `${browser(navigator.userAgent)} (${random})`;
    remember("device", name);
  }
  return name;
}

/** @param {string} agent @returns {string} */
export function browser(agent) {
  /** @param {[RegExp, string][]} table */
  const first = (table) => table.find(([pattern]) => pattern.test(agent))?.[1];
  const program = first([
    [/Edg\//, "Edge"],
    [/OPR\//, "Opera"],
    [/Firefox\/|FxiOS/, "Firefox"],
    [/Chrome\/|CriOS/, "Chrome"],
    [/Safari\//, "Safari"],
  ]);
  const system = first([
    [/iPhone/, "iPhone"],
    [/iPad/, "iPad"],
    [/Android/, "Android"],
    [/Windows/, "Windows"],
    [/Mac OS X/, "Mac"],
    [/Linux/, "Linux"],
  ]);
  return [program ?? "Browser", system].filter(Boolean).join(" on ");
}
