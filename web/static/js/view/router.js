// Where we are: the path of the page, as a view and what it shows.

import { html } from "./dom.js";

/**
 * @typedef {object} Route
 * @property {"chats"|"contacts"|"moments"|"mini-programs"|"me"|"new-group"} page
 * @property {string} [stream]
 * @property {boolean} [details]
 * @property {string} [user] a contact; whose moments
 * @property {"notices"|"by"|"as"|"post"} [part] of moments: what was said to us, somebody's page, ours as somebody sees it, a single one
 * @property {string} [post]
 * @property {string} [app] a mini-program
 * @property {string} [open] the page of it that is open, like /queue?no=17
 */

/** @type {() => void} */
let changed = () => {};

/** @returns {Route} */
export function route() {
  const [page, name, more] = location.pathname.split("/").slice(1).map(decoded);
  if (page === "contacts") return { page, user: name || undefined };
  if (page === "me") return { page };
  if (page === "moments") return momentsRoute(name, more);
  if (page === "mini-programs") return programRoute(name, more);
  if (page === "groups") return { page: "new-group" };
  return { page: "chats", stream: name || undefined, details: more === "details" };
}

/** @param {string} part @param {string} name @returns {Route} */
function momentsRoute(part, name) {
  if (part === "notices") return { page: "moments", part };
  if (part === "post" && name) return { page: "moments", part, post: name };
  if ((part === "by" || part === "as") && name) return { page: "moments", part, user: name };
  return { page: "moments" };
}

/** What stands behind "open" is a page of the app as it names it. @param {string} app @param {string} verb @returns {Route} */
function programRoute(app, verb) {
  if (!app) return { page: "mini-programs" };
  if (verb !== "open") return { page: "mini-programs", app };
  return { page: "mini-programs", app, open: "/" + location.pathname.split("/").slice(4).join("/") + location.search };
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** @param {Route} to */
export function pathOf(to) {
  if (to.page === "chats" && to.stream) return `/chats/${encodeURIComponent(to.stream)}${to.details ? "/details" : ""}`;
  if (to.page === "moments" && to.part) return ["/moments", to.part, to.user ?? to.post].filter((p) => p !== undefined).map((p, i) => (i ? encodeURIComponent(p) : p)).join("/");
  if (to.page === "contacts" && to.user) return `/contacts/${encodeURIComponent(to.user)}`;
  if (to.page === "mini-programs" && to.app) return `/mini-programs/${encodeURIComponent(to.app)}${to.open ? "/open" + to.open : ""}`;
  return to.page === "new-group" ? "/groups/new" : "/" + to.page;
}

const here = () => location.pathname + location.search;

/** @param {Route} to @param {{replace?: boolean}} [how] */
export function go(to, { replace = false } = {}) {
  const path = pathOf(to);
  if (path === here()) return;
  if (replace) history.replaceState(null, "", path);
  else history.pushState(null, "", path);
  changed();
}

/** Goes to a place that a worker names, as far as it is one of ours. @param {unknown} path */
export function goTo(path) {
  if (typeof path !== "string" || !/^\/(?!\/)/.test(path) || path === here()) return;
  history.pushState(null, "", path);
  changed();
}

/** @param {() => void} then told whenever the route is another */
export function onRoute(then) {
  changed = then;
  addEventListener("popstate", then);
}

/** A link to a view. @param {{to: Route, onAgain?: () => void, children?: any, [prop: string]: any}} props onAgain: it is where one is already */
export function Link({ to, onAgain, children, ...rest }) {
  const follow = (/** @type {MouseEvent} */ e) => {
    if (e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    if (pathOf(to) === here()) onAgain?.();
    go(to);
  };
  return html`<a href=${pathOf(to)} onClick=${follow} ...${rest}>${children}</a>`;
}
