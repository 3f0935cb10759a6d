// Pages of mini-programs that want more than they are given.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ASKING, App, page } from "./apps.js";
import { stage } from "./stage.js";

/** @typedef {import("./people.js").Person} Person */

/** @type {import("./server.js").Account} */
let dana;
/** @type {import("./server.js").Account} */
let mo;
const { server, house } = stage({
  args: ["--grant-delay", "0s"],
  ready: async () => {
    dana = await server.account("Dana");
    mo = await server.moderator();
  },
});

/** What browsers say when they refuse a page something. */
const REFUSED = /sandbox|Content Security Policy|Unsafe attempt|Blocked |denied|refused|403|opaque|Permissions|allow-modals|SecurityError|Failed to (load|execute|read)/i;

/** An app whose only page runs a script. @param {string} script @param {Record<string, string>} [more] */
async function bad(script, more = {}) {
  const app = await App.create(dana, "Bad apple");
  const html = page("<h1>Apples</h1>", `/m/${app.id}/a.js`);
  await app.pages({ "index.html": html, "queue/index.html": html, "a.js": ASKING + script, ...more });
  return app;
}

/** Opens its page, in front of somebody who has something to lose. @param {App} app @param {string} [at] @returns {Promise<Person>} */
async function victim(app, at = "/") {
  const p = await house.guest(await server.account("Ann"));
  p.expected = REFUSED;
  await p.page.evaluate(() => {
    document.cookie = "tea=oolong; path=/";
    sessionStorage.setItem("tea", "oolong");
  });
  await p.page.goto(`/mini-programs/${app.id}/open${at}`);
  await p.page.getByRole("heading", { name: app.name }).waitFor();
  return p;
}

/** What a frame's script knows by a name; a frame that is just being left may never say. @param {import("playwright-core").Frame|undefined} frame @param {string} name @returns {Promise<any>} */
const known = (frame, name) =>
  Promise.race([
    frame?.evaluate((n) => /** @type {any} */ (globalThis)[n], name).catch(() => undefined),
    new Promise((go) => setTimeout(go, 1500, undefined)),
  ]);

/** Everything the page's script knows, once it is through. @param {Person} p */
async function told(p) {
  for (let n = 0; n < 200; n++) {
    const out = await known(p.page.frames()[1], "told");
    if (out) return out;
    await new Promise((go) => setTimeout(go, 50));
  }
  return assert.fail("the script is not through");
}

test("a page reads and reaches nothing of the host's", async () => {
  const app = await bad(`
    const tries = {
      origin: async () => { if (self.origin !== "null") return self.origin; throw 0; },
      storage: () => parent.localStorage.getItem("teahouse.sign-in"), ownStorage: () => localStorage.length, session: () => sessionStorage.length,
      cookie: () => document.cookie, cookieStore: () => cookieStore.getAll(), databases: () => new Promise((go, fail) => { const r = indexedDB.open("x"); r.onsuccess = go; r.onerror = fail; }), caches: () => caches.keys(),
      document: () => parent.document.body, title: () => { parent.document.title = "gotcha"; }, frameElement: () => { if (!frameElement) throw 0; return frameElement; },
      top: () => { top.location = "/m/${"x"}"; }, topHref: () => top.location.href, parentFetch: () => parent.fetch("/v1/me"),
      api: () => fetch("/v1/me"), page: () => fetch(location.href), beacon: () => { if (!navigator.sendBeacon("/v1/sessions", "x")) throw 0; throw 0; },
      socket: () => new Promise((go, fail) => { const s = new WebSocket(location.origin === "null" ? "ws://" + location.host + "/v1/ws" : "x"); s.onopen = go; s.onerror = fail; }),
      popup: () => { if (!open("/")) throw 0; }, alert: () => { if (confirm("really?") === false) throw 0; }, print: () => { throw 0; },
      worker: () => navigator.serviceWorker.register("a.js"), full: () => document.documentElement.requestFullscreen(),
      camera: () => navigator.mediaDevices.getUserMedia({ audio: true }), place: () => new Promise((go, fail) => navigator.geolocation.getCurrentPosition(go, fail)),
      clipboard: () => navigator.clipboard.readText(), notification: async () => { if (await Notification.requestPermission() !== "granted") throw 0; },
      frame: () => new Promise((go, fail) => { const f = document.createElement("iframe"); f.src = "/"; f.onload = () => { try { go(f.contentWindow.document.body.innerHTML); } catch (e) { fail(e); } }; document.body.append(f); }),
    };
    (async () => {
      const got = [];
      for (const [name, attempt] of Object.entries(tries)) {
        try { const late = new Promise((_, no) => setTimeout(no, 800));
          late.catch(() => {});
          await Promise.race([attempt(), late]);
          got.push(name);
        } catch {}
      }
      globalThis.told = { got };
    })();
  `);
  const p = await victim(app);
  assert.deepEqual(await told(p), { got: [] });
  assert.doesNotMatch(await p.page.title(), /gotcha/);
  assert.ok(p.page.url().includes("/open/"));
  // Of two locks, each would do: the server's policy is the other one.
  assert.equal(await p.page.locator("iframe.page-frame").getAttribute("sandbox"), "allow-scripts allow-forms");
});

test("a page can ask for a sheet, and neither draw, tap nor answer it", async () => {
  const app = await bad("");
  const template = await app.template(mo, "Your table is ready", "/");
  await app.pages({ "index.html": page("<h1>Apples</h1>", `/m/${app.id}/a.js`), "a.js": `${ASKING}
    ask("notify", { items: [{ template: "${template}", subject: "A17", locked: { table: { code: "A17" } } }] });
    for (const m of [{ teahouse: 1, id: "x", op: "decide", data: { decision: "accept" } }, { teahouse: 1, id: "z", data: { code: "1" } }, "Allow", { type: "click", isTrusted: true }]) parent.postMessage(m, "*");
    const fake = document.createElement("dialog");
    fake.append(Object.assign(document.createElement("button"), { textContent: "Allow" }));
    fake.style.cssText = "position:fixed;inset:-500px;z-index:2147483647;width:300vw;height:300vh;max-width:none;max-height:none";
    document.body.append(fake);
    fake.showModal();
    fake.querySelector("button").click();
    setTimeout(() => (globalThis.told = { heard }), 700);
  ` });
  const p = await victim(app);
  const { heard } = await told(p);
  assert.deepEqual(heard, [{ teahouse: 1, id: 1, data: { asked: true } }]);
  assert.equal(await p.page.getByRole("dialog", { name: "Bad apple asks" }).count(), 0, "there is no sheet before somebody taps in the host");
  assert.deepEqual(await app.grants(), []);

  // Whatever it draws stays in its frame: what is the host's is what one taps.
  const look = p.page.locator("button:not([aria-disabled=true])", { hasText: "Look" });
  await look.click();
  const sheet = p.page.getByRole("dialog", { name: "Bad apple asks" });
  await sheet.waitFor();
  await p.page.frames()[1].evaluate(() => {
    const { ask } = /** @type {any} */ (globalThis);
    for (let n = 0; n < 5; n++) ask("login");
    ask("close");
    globalThis.focus();
  });
  await p.page.evaluate(() => new Promise((go) => setTimeout(go, 300)));
  assert.ok(await sheet.isVisible(), "a page closes no sheet");
  assert.equal((await p.page.frames()[1].evaluate(() => /** @type {any} */ (globalThis).heard)).length, 1, "while a sheet is open nothing is heard");
  assert.equal(await p.page.evaluate(() => document.activeElement?.closest("dialog")?.open), true, "the focus stays in it");
  await sheet.locator("button:not([aria-disabled=true])", { hasText: "No" }).click();
  await sheet.waitFor({ state: "hidden" });
  assert.deepEqual(await app.grants(), []);
});

test("messages of any other window are not heard", async () => {
  const app = await bad("");
  const other = await bad(`ask("close"); setTimeout(() => (globalThis.told = { heard }), 500);`);
  const p = await victim(app);
  await p.page.locator("iframe").waitFor();
  await p.page.evaluate((src) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.src = src;
    document.body.append(frame);
    postMessage({ teahouse: 1, id: 1, op: "close" }, "*"); // and of this one
  }, `/m/${other.id}/`);
  for (let n = 0; n < 100 && p.page.frames().length < 3; n++) await new Promise((go) => setTimeout(go, 30));
  let heard;
  for (let n = 0; n < 100 && !heard; n++) {
    heard = (await known(p.page.frames()[2], "told"))?.heard;
    await new Promise((go) => setTimeout(go, 30));
  }
  assert.deepEqual(heard, []);
  assert.ok(p.page.url().endsWith("/open/"), "it did not close");
});

test("a page that leads its frame away has led itself out", async () => {
  const other = await bad(`ask("login"); ask("close");`);
  const ways = {
    "another app": `location.href = "/m/${other.id}/";`, "another server": `location.href = "https://example.org/";`, "the client": `location.href = "/";`,
    "itself": `location.reload();`,
    "a link": `const a = document.createElement("a"); a.href = "/m/${other.id}/"; document.body.append(a); a.click();`,
    "a form": `const f = document.createElement("form"); f.action = "/m/${other.id}/"; document.body.append(f); f.submit(); location.href = "data:text/html,gotcha";`,
    "before it is loaded": "",
  };
  for (const [name, script] of Object.entries(ways)) {
    const app = await bad(name === "before it is loaded" ? `location.href = "/m/${other.id}/";` : `addEventListener("load", () => setTimeout(() => { ${script} }, 100));`);
    const p = await victim(app);
    await p.page.getByText("This page tried to lead you elsewhere").or(p.page.locator("iframe")).first().waitFor();
    await p.page.evaluate(() => new Promise((go) => setTimeout(go, 700)));
    for (const frame of p.page.frames().slice(1)) {
      assert.equal(await known(frame, "asked"), undefined, `${name}: another page runs`);
    }
    assert.ok(p.page.url().endsWith(`/mini-programs/${app.id}/open/`), `${name}: ${p.page.url()}`);
    if (name !== "before it is loaded") {
      await p.page.getByText("This page tried to lead you elsewhere").waitFor();
      assert.equal(await p.page.locator("iframe").count(), 0, name);
    }
    await p.page.context().close();
    house.people.splice(house.people.indexOf(p), 1);
  }
});

test("a page that asks without end is answered with no, and nags in vain", async () => {
  const app = await bad(`
    for (let n = 0; n < 200; n++) ask("theme");
    setTimeout(() => (globalThis.told = { refused: heard.filter((m) => m.error?.code === "rate_limited").length, all: heard.length }), 1500);
  `);
  const p = await victim(app);
  const { refused, all } = await told(p);
  assert.ok(refused >= 180 && all === 200, `${refused} of ${all} were refused`);
  const items = [{ template: "t-x", subject: "A", locked: {} }];
  const nag = () => p.page.frames()[1].evaluate((i) => /** @type {any} */ (globalThis).ask("notify", { items: i }), items);
  for (let n = 0; n < 2; n++) {
    await p.page.evaluate(() => new Promise((go) => setTimeout(go, 500)));
    await nag();
    await p.page.getByRole("button", { name: "Not now" }).click();
  }
  await p.page.evaluate(() => new Promise((go) => setTimeout(go, 500)));
  await nag();
  await p.page.evaluate(() => new Promise((go) => setTimeout(go, 300)));
  assert.equal(await p.page.getByRole("button", { name: "Look" }).count(), 0, "whoever was told No twice is not heard");
  assert.deepEqual(await p.page.frames()[1].evaluate(() => /** @type {any} */ (globalThis).heard.at(-1).data), { asked: true }, "and does not learn of it");
});
