// The app to begin with. Its pages are in package sandbox.

export const SAMPLE = { name: "Noodles", category: "food", summary: "Noodles by number" };

const table = { key: "table", label: "Table", type: "code", role: "locked" };

export const onceTemplate = {
  title: "Your table is ready", category: "food", scope: "once", page_pattern: "/",
  params: [table, { key: "note", label: "Note", type: "text20", role: "free" }],
};

export const followTemplate = {
  title: "Your order", category: "food", scope: "progress", page_pattern: "/",
  params: [table, { key: "counter", label: "Counter", type: "number", role: "free" }],
  states: ["cooking", "ready", "served"],
  state_labels: { cooking: "In the pot", ready: "On a tray", served: "On the table" },
  edges: [{ from: "cooking", to: "ready", alert: true }, { from: "ready", to: "served", alert: false }],
};

/** Notices of a progress grant. */
const STEPS = 5;

/** A value that a param takes. @type {Record<string, string>} */
const EXAMPLES = {
  text20: "By the window", name: "Mr Li", number: "3", amount: "12.50", date: "2026-11-29", time: "18:05", code: "A17", phone_masked: "138****8000",
};

/**
 * The request that redeems a handle, as an app's server would send it.
 * @param {any} handle as GET /v1/app/grants has it
 * @param {any} template its version, if it is known
 * @param {string} key
 */
export function requestFor(handle, template, key) {
  if (handle.scope === "window") return { window: handle.grant, kind: "text", body: { text: "Your table is by the window." }, idempotency_key: key };
  const step = template?.states ? STEPS - handle.uses_left : 0; // how many were sent
  const nth = (/** @type {string[]} */ all) => all[Math.min(step, all.length - 1)];
  /** @type {Record<string, Record<string, string>>} */
  const data = {};
  for (const p of template?.params ?? []) if (p.role === "free") data[p.key] = { [p.type]: p.values ? nth(p.values) : EXAMPLES[p.type] };
  return {
    grant: handle.grant, template: handle.template, data, page: template?.page_pattern ?? "/", idempotency_key: key,
    ...(template?.states && { state: nth(template.states) }),
  };
}

/** Ways to get around the law. Each changes a request that would pass. @type {{name: string, change: (r: any) => any}[]} */
export const ATTEMPTS = [
  { name: "Name a recipient", change: (r) => ({ ...r, touser: "bob" }) },
  { name: "Another page", change: (r) => ({ ...r, page: "/sale" }) },
  { name: "A link in the text", change: (r) => withText(r, "see sale.example") },
  { name: "Change what was locked", change: (r) => ({ ...r, data: { ...r.data, table: { code: "Z99" } } }) },
  { name: "Bend the handle", change: (r) => ({ ...r, grant: r.grant && bent(r.grant), window: r.window && bent(r.window) }) },
  { name: "Another key", change: (r) => ({ ...r, idempotency_key: newKey() }) },
];

/** @param {string} handle */
const bent = (handle) => handle.slice(0, -6) + [...handle.slice(-6)].reverse().join("");

/** @param {any} r @param {string} text */
function withText(r, text) {
  if (r.window) return { ...r, body: { text } };
  const key = Object.keys(r.data ?? {})[0] ?? "note";
  return { ...r, data: { ...r.data, [key]: { [Object.keys(r.data?.[key] ?? { text20: "" })[0]]: text } } };
}

export const newKey = () => "try-" + Math.random().toString(36).slice(2, 8);
