// Being told while no page is open: this device's subscription with the push
// service of its browser, and what the server knows of it.

import { Problem } from "./problem.js";

/** @typedef {{show: "all"|"sender"|"nothing", quiet: {from: number, to: number, zone: string}|null}} Settings */

/** The program that is woken. Its address is the only one that may become a worker. */
const worker = (() => {
  const address = "/worker.js";
  const types = /** @type {any} */ (globalThis).trustedTypes;
  return types ? types.createPolicy("worker", { createScriptURL: () => address }).createScriptURL("") : address;
})();

export class Push {
  /** @type {"unknown"|"unsupported"|"off"|"on"|"denied"} */
  state = "unknown";
  /** @type {Settings|null} */
  settings = null;

  #api;
  #changed;

  /** @param {import("./api.js").Api} api @param {() => void} changed */
  constructor(api, changed) {
    this.#api = api;
    this.#changed = changed;
  }

  /** At every start: what is subscribed is told again, as its address may be another. */
  async resume() {
    if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return this.#become("unsupported");
    const registration = await navigator.serviceWorker.getRegistration("/");
    const subscription = await registration?.pushManager.getSubscription();
    if (subscription) {
      await this.#tell(subscription);
      await registration?.update().catch(() => {});
    }
    this.#become(subscription ? "on" : Notification.permission === "denied" ? "denied" : "off");
  }

  async readSettings() {
    this.settings = await this.#api.get("/me/push/settings");
    this.#changed();
  }

  /** @param {Partial<Settings>} change */
  async change(change) {
    this.settings = await this.#api.patch("/me/push/settings", change);
    this.#changed();
  }

  /** To be called on a tap: the browser asks its own question. */
  async enable() {
    if ((await Notification.requestPermission()) !== "granted") return this.#become("denied");
    const { key } = await this.#api.get("/push/key");
    await navigator.serviceWorker.register(worker, { scope: "/" });
    const { pushManager } = await navigator.serviceWorker.ready;
    const subscription = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }).catch(() => {
      throw new Problem("push_failed");
    });
    await this.#tell(subscription);
    this.#become("on");
  }

  async disable() {
    await this.#api.delete("/me/push");
    await this.forget();
    this.#become("off");
  }

  /** This device is not woken any more, whatever the server thinks: somebody signs out. */
  async forget() {
    if (!("serviceWorker" in navigator)) return;
    const registration = await navigator.serviceWorker.getRegistration("/");
    const subscription = await registration?.pushManager?.getSubscription();
    for (const shown of (await registration?.getNotifications()) ?? []) shown.close();
    await subscription?.unsubscribe();
  }

  /** @param {PushSubscription} subscription */
  async #tell(subscription) {
    const { endpoint, keys } = subscription.toJSON();
    await this.#api.put("/me/push", { kind: "web", endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } });
  }

  /** @param {Push["state"]} state */
  #become(state) {
    this.state = state;
    this.#changed();
  }
}
