// How a page of a mini-program talks. It runs in a sandbox, as nobody: it has no
// cookies and keeps nothing, loads only its own package, and calls only the servers
// that teahouse.json declares. Everything else it asks of the client that shows it.

import { server } from "./server.js";

/** Answers that are still to come, by the number of their question. */
const open = new Map();
let asked = 0;

addEventListener("message", (m) => {
  if (m.source !== parent || m.data?.teahouse !== 1) return;
  const then = open.get(m.data.id);
  open.delete(m.data.id);
  if (m.data.error) then?.reject(new Error(m.data.error.code));
  else then?.resolve(m.data.data);
});

/**
 * Asks the host. While the user looks at a sheet it hears nothing, so what takes
 * too long has failed.
 */
function ask(op, data = {}) {
  const id = ++asked;
  return new Promise((resolve, reject) => {
    open.set(id, { resolve, reject });
    setTimeout(() => open.delete(id) && reject(new Error("no answer from the client")), 10_000);
    parent.postMessage({ teahouse: 1, id, op, data }, "*");
  });
}

export const host = {
  /** Where we are: {app, page, locale, theme}. */
  context: () => ask("context"),
  /** A code, good once, by which our server learns who this user is to us. */
  login: () => ask("login"),
  /**
   * Offers the user to be sent something: items of {template, subject, locked}. What
   * they say to that is between them and the client. Our server hears of a yes; the
   * page never knows, so it cannot make anything depend on it.
   */
  notify: (...items) => ask("notify", { items }),
  /** Goes to another page of ours. */
  open: (page) => ask("open", { page }),
  /** Closes this page. */
  close: () => ask("close"),
};

let token;

/** Signs the user in at our server, once for each time the page is opened. */
function signedIn() {
  token ??= (async () => {
    const { code } = await host.login();
    return (await post("/login", { code })).token;
  })();
  token.catch(() => (token = undefined));
  return token;
}

async function answer(response) {
  if (!response.ok) throw new Error((await response.text()).trim());
  return response.json();
}

async function post(path, data, headers = {}) {
  return answer(await fetch(server + path, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(data) }));
}

/** Our own server, as this user. */
export const home = {
  get: async (path) => answer(await fetch(server + path, { headers: { Authorization: `Bearer ${await signedIn()}` } })),
  post: async (path, data = {}) => post(path, data, { Authorization: `Bearer ${await signedIn()}` }),
};

/** An element: name, properties, and what is in it. Text stays text. */
export function el(name, props = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith("on")) e.addEventListener(key.slice(2), value);
    else if (key in e && typeof value !== "string") e[key] = value;
    else if (value !== undefined) e.setAttribute(key, value);
  }
  e.append(...children.flat().filter((c) => c !== undefined && c !== false));
  return e;
}

/** Shows what is the matter, at the foot of the page, for a while. */
export function say(text) {
  let note = document.querySelector(".note");
  if (!note) document.body.append((note = el("p", { class: "note", role: "status" })));
  note.textContent = text;
  note.classList.add("shown");
  clearTimeout(note.timer);
  note.timer = setTimeout(() => note.classList.remove("shown"), 4000);
}

/** Does something, and says what went wrong if it does. */
export async function attempt(what) {
  try {
    return await what();
  } catch (err) {
    say(err.message || "That did not work.");
  }
}

// Light or dark is the client's choice.
host.context().then(({ theme }) => (document.documentElement.dataset.theme = theme), () => {});
