// People in front of browsers. Whatever a page complains about, in its console or
// by its policy, fails the test.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").BrowserContextOptions} Options */
/** @typedef {import("./server.js").Account} Account */

const QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const DEVICES = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];
const WAIT_MS = 15_000;

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

export class House {
  /** @param {import("./server.js").Server} server */
  constructor(server) {
    this.server = server;
    /** @type {Person[]} */
    this.people = [];
  }

  async open() {
    this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: [...QUIET, ...DEVICES] });
    return this;
  }

  /** Somebody at the door. @param {Options} [options] */
  async visitor(options = {}) {
    const context = await /** @type {import("playwright-core").Browser} */ (this.browser).newContext({
      locale: "en-GB", reducedMotion: "reduce", baseURL: this.server.url, viewport: { width: 1280, height: 800 }, ...options,
    });
    context.setDefaultTimeout(WAIT_MS);
    const person = new Person(await context.newPage());
    this.people.push(person);
    await person.page.goto("/");
    return person;
  }

  /** Somebody who is signed in. @param {Account} account @param {Options} [options] */
  async guest(account, options = {}) {
    const person = await this.visitor(options);
    await person.signIn(account);
    return person;
  }

  /** Everybody goes home; whoever has something to complain about says so. */
  async empty() {
    const people = this.people.splice(0);
    const complaints = people.flatMap((p) => p.complaints);
    await Promise.all(people.map((p) => p.page.context().close()));
    assert.deepEqual(complaints, [], "a page complained");
  }

  async close() {
    await this.browser?.close();
  }
}

export class Person {
  /** @type {string[]} */
  complaints = [];
  /** Words of complaints that this test provokes on purpose. @type {RegExp|null} */
  expected = null;

  /** @param {Page} page */
  constructor(page) {
    this.page = page;
    const note = (/** @type {string} */ text) => {
      if (!this.expected?.test(text)) this.complaints.push(text);
    };
    page.on("console", (m) => ["error", "warning"].includes(m.type()) && note(`${m.text()} ${m.location().url}`));
    page.on("pageerror", (err) => note(String(err.stack ?? err)));
  }

  /** @param {Account} account @param {{user: string, password: string, signIn: string}} [words] */
  async signIn(account, words = { user: "User", password: "Password", signIn: "Sign in" }) {
    const { page } = this;
    await page.getByLabel(words.user).fill(account.user);
    await page.getByLabel(words.password).fill(account.password);
    await page.getByRole("button", { name: words.signIn }).click();
    await page.getByRole("navigation").waitFor();
  }

  /** @param {string} name of a place in the navigation */
  async go(name) {
    await this.page.getByRole("navigation").getByRole("link", { name, exact: true }).click();
  }

  /** Opens a conversation from the list. @param {string} title */
  async open(title) {
    await this.chat(title).getByRole("link").click();
    await this.log.waitFor();
  }

  /** A conversation in the list, by its title and what follows it. @param {string|RegExp} name */
  chat(name) {
    return this.page.getByRole("list", { name: "Chats" }).getByRole("listitem", { name });
  }

  get log() {
    return this.page.getByRole("log");
  }

  /** A message in the open conversation. @param {string} text */
  message(text) {
    return this.log.getByRole("article").filter({ hasText: text });
  }

  get box() {
    return this.page.getByRole("textbox", { name: "Message" });
  }

  /** @param {string} text */
  async say(text) {
    await this.box.fill(text);
    await this.page.getByRole("button", { name: "Send" }).click();
  }

  /** Waits for a message to be there. @param {string} text */
  async hears(text) {
    await this.message(text).first().waitFor();
  }

  /** Does something about a message, by its menu. @param {string} text @param {string} what */
  async act(text, what) {
    await this.message(text).hover();
    await this.message(text).getByRole("button", { name: "More" }).click();
    await this.page.getByRole("menuitem", { name: what }).click();
  }

  /** The texts in the open conversation, in order. @returns {Promise<string[]>} */
  texts() {
    return this.log.locator(".text").allTextContents().then((all) => all.map((t) => t.trim()));
  }
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds that is serious, in words, once colours do not change any more. @param {Page} page @returns {Promise<string[]>} */
export async function faults(page) {
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((a) => a.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map((a) => a.finished));
  });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run());
  return violations
    .filter((/** @type {any} */ v) => ["serious", "critical"].includes(v.impact))
    .map((/** @type {any} */ v) => `${v.id}: ${v.nodes.map((/** @type {any} */ n) => `${n.target} ${n.failureSummary}`).join("; ")}`);
}
