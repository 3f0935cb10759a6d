// What the page knows: the made-up people, dana's apps, what waits for mo, the
// time, and what happened.

import { ask, clockMoved, good, person, recall, remember, server } from "./server.js";
import { SAMPLE, followTemplate, onceTemplate } from "./sample.js";

/** @typedef {{user: string, name: string, moderator?: boolean}} Demo */
/** @typedef {{app: string, name: string, category: string, page?: string, reach: number, suspended?: string}} App */

const LOOK_MS = 700;
const NEWS_MOST = 300;

/** Who makes the apps, and who reviews their templates. */
export const DEVELOPER = "dana";
export const MODERATOR = "mo";

export class Desk {
  /** @type {Demo[]} */
  people = [];
  /** @type {App[]} */
  apps = [];
  /** The app that one works with. */
  chosen = "";
  /** Templates of that app, the latest first. @type {any[]} */
  templates = [];
  /** Templates of all apps that wait for a review. @type {any[]} */
  waiting = [];
  /** Handles that the app holds, the latest first. @type {any[]} */
  handles = [];
  /** Where its webhook is; "" if nowhere. */
  hook = "";
  /** What happened, the latest first. @type {any[]} */
  news = [];
  /** How far the server's clock is ahead of ours, in ms. */
  ahead = 0;
  /** The apps have been read. */
  known = false;
  /** What went wrong, in words. */
  problem = "";
  busy = 0;
  #seen = 0;
  #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  async begin() {
    await this.run(async () => {
      this.people = good(await ask("GET", "/sandbox/people")).people;
      await this.readApps();
      this.known = true;
    });
    this.#look();
  }

  /** Does something, and tells what went wrong. @param {() => Promise<any>} what @returns {Promise<boolean>} whether it went well */
  async run(what) {
    this.busy++;
    this.#changed();
    try {
      await what();
      this.problem = "";
      return true;
    } catch (err) {
      this.problem = err instanceof Error ? err.message : String(err);
      return false;
    } finally {
      this.busy--;
      this.#changed();
    }
  }

  /** @returns {App|undefined} */
  get app() {
    return this.apps.find((a) => a.app === this.chosen);
  }

  /** @param {string} id */
  nameOf(id) {
    return this.apps.find((a) => a.app === id)?.name ?? id;
  }

  /** The secret of an app, if it was made here; the server tells it once. @param {string} app @returns {string} */
  secretOf(app) {
    return recall("secrets")?.[app] ?? "";
  }

  /** @param {string} app @param {string} secret */
  #keep(app, secret) {
    remember("secrets", { ...recall("secrets"), [app]: secret });
  }

  /** The chosen app's server. */
  get server() {
    const secret = this.secretOf(this.chosen);
    if (!secret) throw new Error("The secret of this app is not known here. Make a new one.");
    return server(this.chosen, secret);
  }

  async readApps() {
    this.apps = await person(DEVELOPER).list("/developer/apps");
    if (!this.app) this.chosen = recall("chosen") ?? "";
    if (!this.app) this.chosen = this.apps.at(-1)?.app ?? "";
    await this.readApp();
  }

  async readApp() {
    const reviews = person(MODERATOR).list("/moderation/templates");
    if (this.secretOf(this.chosen)) {
      const at = this.server;
      const hook = await at.try("GET", "/app/webhook");
      this.hook = hook.ok ? hook.data.url : "";
      this.templates = (await at.list("/app/templates")).reverse();
      this.handles = (await at.list("/app/grants")).reverse();
    } else [this.hook, this.templates, this.handles] = ["", [], []];
    this.waiting = await reviews;
  }

  /** @param {string} app */
  choose(app) {
    this.chosen = app;
    remember("chosen", app);
    return this.run(() => this.readApp());
  }

  /** An app of dana's, whose webhook is the sandbox's. @param {string} name @param {string} category @param {string} summary */
  async create(name, category, summary) {
    const { app, secret } = await person(DEVELOPER).call("POST", "/developer/apps", { name, category, summary });
    this.#keep(app, secret);
    this.chosen = app;
    remember("chosen", app);
    await this.pointHook(204);
    await this.readApps();
  }

  /** The app to begin with: two templates to be reviewed, and a page that asks for them. */
  async createSample() {
    await this.create(SAMPLE.name, SAMPLE.category, SAMPLE.summary);
    const once = await this.server.call("POST", "/app/templates", onceTemplate);
    const follow = await this.server.call("POST", "/app/templates", followTemplate);
    const zip = await fetch(`/sandbox/sample.zip?once=${once.template}&follow=${follow.template}`);
    await this.putPages(await zip.blob());
  }

  /** @param {Blob} zip */
  async putPages(zip) {
    good(await person(DEVELOPER).try("PUT", `/developer/apps/${this.chosen}/package`, { raw: zip, type: "application/zip" }));
    await this.readApps();
  }

  /** One more secret; earlier ones work for a day. */
  async newSecret() {
    const { secret } = await person(DEVELOPER).call("POST", `/developer/apps/${this.chosen}/secrets`);
    this.#keep(this.chosen, secret);
    await this.readApp();
  }

  /** Points the app's webhook to the sandbox, which answers with a status. @param {number} status */
  async pointHook(status) {
    const query = status === 204 ? "" : "?answer=" + status;
    this.hook = (await this.server.call("PUT", "/app/webhook", { url: `${location.origin}/sandbox/hook/${this.chosen}${query}` })).url;
  }

  /** @param {any} t a template that waits @param {boolean} approve @param {string} reason */
  async review({ template, version }, approve, reason) {
    await person(MODERATOR).call("POST", `/moderation/templates/${template}/review`, { version, decision: approve ? "approve" : "reject", reason });
    await this.readApp();
  }

  /** @param {unknown} draft */
  async submit(draft) {
    await this.server.call("POST", "/app/templates", draft);
    await this.readApp();
  }

  /** Has an event sent once more. @param {string} app @param {string} event */
  async replay(app, event) {
    await server(app, this.secretOf(app)).call("POST", `/app/webhook/deliveries/${event}/replay`);
  }

  /** @param {number} seconds */
  async advance(seconds) {
    const { now } = good(await ask("POST", "/sandbox/clock", { body: { advance_s: seconds } }));
    this.ahead = Date.parse(now) - Date.now();
    clockMoved();
    await this.readApp();
  }

  /** Looks for what happened, for as long as the page is there. */
  async #look() {
    const { ok, data } = await ask("GET", "/sandbox/news?after=" + this.#seen);
    if (ok) {
      if (data.next < this.#seen) this.news = []; // another server
      this.#seen = data.next;
      this.ahead = Date.parse(data.now) - Date.now();
      if (data.items.length > 0) {
        this.news = [...data.items.reverse(), ...this.news].slice(0, NEWS_MOST);
        if (this.chosen) await this.run(() => this.readApp());
      }
      this.#changed();
    }
    setTimeout(() => this.#look(), LOOK_MS);
  }
}
