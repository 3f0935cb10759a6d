// What wakes when nobody looks: shows what is pushed, takes away what was read
// elsewhere, and opens the client where it belongs. It keeps nothing, reads
// nothing and answers no request of the page.

/** @typedef {{type: "message"|"withdraw", tag: string, title?: string, text?: string, count?: number, url?: string}} Push */

const worker = /** @type {any} */ (self); // its type is not that of a page

/** @param {Push} push */
async function show({ type, tag, title = "Teahouse", text = "", url = "/" }) {
  const { registration } = worker;
  if (type === "withdraw") {
    for (const shown of await registration.getNotifications({ tag })) shown.close();
  } else await registration.showNotification(title, { body: text, tag, renotify: true, data: { url } });
}

/** Opens a place of the client, in the window that is there if there is one. @param {string} url */
async function open(url) {
  const to = new URL(url, worker.location.origin);
  if (to.origin !== worker.location.origin) return;
  const [window] = await worker.clients.matchAll({ type: "window" });
  if (!window) return worker.clients.openWindow(to.href);
  await window.focus();
  window.postMessage({ open: to.pathname + to.search });
}

worker.addEventListener("push", (/** @type {any} */ e) => e.waitUntil(show(e.data.json())));
worker.addEventListener("notificationclick", (/** @type {any} */ e) => {
  e.notification.close();
  e.waitUntil(open(e.notification.data.url));
});
worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ e) => e.waitUntil(worker.clients.claim()));
