// Mini-programs in the client: their pages in the host, the sheet, and what one
// has of what they send.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ASKING, App, page } from "./apps.js";
import { picture, textFile } from "./files.js";
import { PHONE, faults } from "./people.js";
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

let shops = 0;

/** A noodle shop that calls one when a table is free. */
async function noodles() {
  const app = await App.create(dana, `Noodles ${++shops}`, "Take a number, go for a walk.");
  const template = await app.template(mo, "Your table is ready", "/queue");
  const script = `${ASKING}
    const items = [{ template: "${template}", subject: "A17", locked: { table: { code: "A17" } } }];
    document.getElementById("tell").onclick = () => ask("notify", { items });
    for (const op of ["login", "context", "theme", "close"]) document.getElementById(op).onclick = () => ask(op);
    document.getElementById("menu").onclick = () => ask("open", { page: "/menu/?of=today" });
  `;
  const at = `/m/${app.id}/a.js`;
  const buttons = ["tell", "login", "context", "theme", "close", "menu"].map((b) => `<button id="${b}">${b}</button>`).join("");
  await app.pages({
    "index.html": page(`<h1>Noodles</h1>${buttons}`, at), "queue/index.html": page(`<h1>Queue</h1>${buttons}`, at),
    "menu/index.html": page(`<h1>Menu</h1>${buttons}`, at), "a.js": script,
  });
  return app;
}

/** The frame of the page that is open. @param {Person} p */
const inside = (p) => p.page.frameLocator("iframe.page-frame");

/** What the page was answered so far. @param {Person} p @returns {Promise<any[]>} */
const heard = (p) => p.page.frames()[1].evaluate(() => /** @type {any} */ (globalThis).heard);

/** The page's answer with that number, once it is there. @param {Person} p @param {number} n @returns {Promise<any>} */
async function answer(p, n) {
  for (const end = Date.now() + 10_000; Date.now() < end; ) {
    const all = await heard(p);
    if (all.length >= n) return all[n - 1];
    await new Promise((go) => setTimeout(go, 30));
  }
  return assert.fail("the page was not answered");
}

/** Opens a page of an app. @param {Person} p @param {App} app @param {string} at */
async function visit(p, app, at) {
  await p.page.goto(`/mini-programs/${app.id}/open${at}`);
  await inside(p).getByRole("heading").waitFor();
}

/** Lets the page ask, and looks. @param {Person} p */
async function asked(p) {
  await inside(p).getByRole("button", { name: "tell" }).click();
  await p.page.locator("button:not([aria-disabled=true])", { hasText: "Look" }).click();
  await p.page.getByRole("dialog").waitFor();
}

/** What is said there: label, value, label … @param {import("playwright-core").Locator} where */
const said = (where) => where.locator("dl.values").locator("dt, dd").allInnerTexts();

/** Decides on the sheet. @param {Person} p @param {string} how */
async function decide(p, how) {
  await p.page.getByRole("dialog").locator("button:not([aria-disabled=true])", { hasText: how }).click();
  await p.page.getByRole("dialog").waitFor({ state: "hidden" });
}

test("the directory has all of them, those one follows first", async () => {
  const [one, other] = [await noodles(), await noodles()];
  const p = await house.guest(await server.account("Ann"));
  await p.go("Mini-programs");
  const all = p.page.getByRole("list", { name: "All" });
  await all.getByRole("link", { name: one.name }).waitFor();
  await p.page.getByRole("searchbox", { name: "Search mini-programs" }).fill(other.name);
  await all.getByRole("link", { name: one.name }).waitFor({ state: "hidden" });
  await all.getByRole("link", { name: other.name }).click();
  await p.page.getByText("nobody but Teahouse").waitFor();
  await p.page.getByRole("button", { name: "Follow" }).click();
  await p.page.getByRole("list", { name: "Following" }).getByRole("link", { name: other.name }).waitFor();
  await p.page.getByRole("searchbox").fill("");
  await all.getByRole("link", { name: one.name }).waitFor();
  assert.equal(await p.page.getByRole("region", { name: "Mini-programs" }).getByRole("link").first().textContent(), other.name);
  assert.deepEqual(await faults(p.page), []);
  await p.page.getByRole("button", { name: "Mute" }).click();
  await p.page.getByText("Muted: it can send you nothing").waitFor();
  await p.page.getByRole("button", { name: "Unmute" }).click();
  await p.page.getByRole("button", { name: "Mute", exact: true }).waitFor();
  await p.page.getByRole("button", { name: "Block" }).click();
  await p.page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await p.page.getByText("Blocked: it can send you nothing").waitFor();
  assert.ok(await p.page.getByRole("button", { name: /^Write to/ }).isDisabled());
  await p.page.reload();
  await p.page.getByRole("button", { name: "Unblock" }).click();
  await p.page.getByRole("button", { name: "Block", exact: true }).waitFor();
  await p.page.getByRole("button", { name: "Unfollow" }).click();
  await p.page.getByRole("list", { name: "Following" }).waitFor({ state: "hidden" });
});

test("a page is shown under its registered name, and asks the host for what it needs", async () => {
  const app = await noodles();
  const ann = await server.account("Ann");
  const p = await house.guest(ann);
  await p.page.goto(`/mini-programs/${app.id}`);
  await p.page.getByRole("link", { name: "Open" }).click();
  await p.page.getByRole("heading", { name: app.name }).waitFor();
  const { page: tab } = p;
  await inside(p).getByRole("button", { name: "context" }).click();
  assert.deepEqual((await answer(p, 1)).data, { app: app.id, page: "/", locale: "en-GB", theme: "light" });
  await inside(p).getByRole("button", { name: "theme" }).click();
  assert.deepEqual((await answer(p, 2)).data, { theme: "light" });
  await inside(p).getByRole("button", { name: "login" }).click();
  const { code } = (await answer(p, 3)).data;
  const { openid } = await app.call("POST", "/app/login", { code });
  assert.ok(openid && !openid.includes(ann.user));
  await inside(p).getByRole("button", { name: "menu" }).click();
  await inside(p).getByRole("heading", { name: "Menu" }).waitFor();
  assert.ok(tab.url().endsWith("/open/menu/?of=today"), tab.url());
  await inside(p).getByRole("button", { name: "context" }).click();
  assert.equal((await answer(p, 1)).data.page, "/menu/?of=today");
  await tab.goBack();
  await inside(p).getByRole("heading", { name: "Noodles" }).waitFor();
  assert.deepEqual(await faults(tab), []);
  await inside(p).getByRole("button", { name: "close" }).click();
  await tab.locator("iframe").waitFor({ state: "detached" });

  await tab.getByRole("button", { name: "New identity" }).click();
  await tab.getByRole("dialog").getByRole("button", { name: "New identity" }).click();
  await tab.getByText("meets you for the first time now").waitFor();
  const again = await ann.call("POST", `/mini-programs/${app.id}/login-codes`);
  assert.notEqual((await app.call("POST", "/app/login", { code: again.code })).openid, openid);
  p.expected = /404/;
  await tab.goto(`/mini-programs/${app.id}/open/nowhere`);
  await tab.getByText("This page is not here").waitFor();
});

test("a notice is asked for, allowed, arrives, says why, and is stopped", async () => {
  const app = await noodles();
  const p = await house.guest(await server.account("Ann"));
  const { page: tab } = p;
  await visit(p, app, "/queue?no=A17");
  await inside(p).getByRole("button", { name: "tell" }).click();
  assert.deepEqual((await answer(p, 1)).data, { asked: true }, "it is told so before anybody has decided");
  await tab.locator("button:not([aria-disabled=true])", { hasText: "Look" }).click();
  const sheet = tab.getByRole("dialog", { name: `${app.name} asks` });
  await sheet.waitFor();
  for (const text of ["Your table is ready", "A17", /^1 message, until /, /\/queue$/]) await sheet.getByText(text).first().waitFor();
  assert.equal(await tab.evaluate(() => document.activeElement?.tagName), "H2", "nothing that decides has the focus");
  const [no, yes] = await Promise.all(["No", "Allow"].map((name) => sheet.getByRole("button", { name, exact: true }).boundingBox()));
  assert.deepEqual([no?.width, no?.height, no?.y], [yes?.width, yes?.height, yes?.y], "the buttons are equal");
  assert.deepEqual(await faults(tab), []);
  await decide(p, "Allow");
  assert.equal((await heard(p)).length, 1, "the page is told nothing of it");

  await p.go("Me");
  const grants = tab.getByRole("list", { name: "What apps may send" });
  await grants.getByText(/Can still message you 1 time, until /).waitFor();
  await p.go("Chats");
  assert.equal((await app.notify("A17", "18:05", "/queue?no=A17")).status, "accepted");
  await p.chat("Service notices, 1 unread").getByRole("link").click();
  const letter = tab.getByRole("article").filter({ hasText: "Your table is ready" });
  await letter.getByText(app.name, { exact: true }).waitFor();
  assert.deepEqual(await said(letter), ["Your table", "A17", "Come at", "18:05"], "in the template's order");
  await p.chat(/^Service notices$/).waitFor(); // it was seen
  assert.deepEqual(await faults(tab), []);
  await letter.getByRole("button", { name: "More" }).click();
  await tab.getByRole("menuitem", { name: "Why do I get this?" }).click();
  const why = tab.getByRole("dialog");
  for (const text of [/You tapped and allowed it/, "/queue", "Chrome on Linux", /^1 message, until /, "Nothing", /version 1/]) await why.getByText(text).first().waitFor();
  await tab.keyboard.press("Escape");
  await letter.getByRole("link", { name: "Open page" }).click();
  await inside(p).getByRole("heading", { name: "Queue" }).waitFor();

  await asked(p);
  await decide(p, "Allow");
  await app.granted("A17");
  await p.go("Chats");
  await p.chat("Service notices").getByRole("link").click();
  await letter.getByRole("button", { name: "Stop: Your table is ready" }).click();
  await letter.getByRole("button", { name: "Stopped" }).waitFor();
  assert.deepEqual(await app.grants(), []);
  await letter.getByRole("button", { name: "More" }).click();
  await tab.getByRole("menuitem", { name: "Report" }).click();
  await tab.getByRole("radio", { name: "Advertising" }).check();
  assert.deepEqual(await faults(tab), []);
  await tab.getByRole("dialog").getByRole("button", { name: "Report" }).click();
  await tab.getByText("A moderator will look at it").waitFor();
});

test("a matter that is followed says where it stands, in the words of its template", async () => {
  const app = await App.create(dana, `Noodles ${++shops}`);
  const template = await app.template(mo, "Your order", "/", {
    scope: "progress", states: ["in_pot", "served"], edges: [{ from: "in_pot", to: "served", alert: false }], state_labels: { in_pot: "In the pot" },
    params: [
      { key: "z", label: "Dish", type: "name", role: "locked" },
      { key: "a", label: "Table", type: "code", role: "locked" },
      { key: "m", label: "Where", type: "enum", role: "free", values: ["by_the_door"] },
    ],
  });
  const items = JSON.stringify([{ template, subject: "17", locked: { a: { code: "A17" }, z: { name: "Dan dan" } } }]);
  await app.pages({
    "index.html": page(`<h1>Noodles</h1><button id="tell">tell</button>`, `/m/${app.id}/a.js`),
    "a.js": `${ASKING} document.getElementById("tell").onclick = () => ask("notify", { items: ${items} });`,
  });
  const p = await house.guest(await server.account("Ann"));
  await visit(p, app, "/");
  await asked(p);
  assert.deepEqual(await said(p.page.getByRole("dialog")), ["Dish", "Dan dan", "Table", "A17"]);
  await decide(p, "Allow");
  await p.go("Me");
  const grants = p.page.getByRole("list", { name: "What apps may send" });
  await grants.getByText("Dan dan").waitFor();
  assert.deepEqual(await said(grants), ["Dish", "Dan dan", "Table", "A17"]);
  const tell = async (/** @type {string} */ state) => {
    const { grant } = await app.granted("17");
    await app.call("POST", "/app/notices", { grant, template, state, data: { m: { enum: "by_the_door" } }, page: "/", idempotency_key: state });
  };
  await tell("in_pot");
  await p.go("Chats");
  await p.page.getByText(`${app.name}: In the pot`).waitFor();
  await p.chat(/^Service notices/).getByRole("link").click();
  const letter = p.page.getByRole("article").first();
  await letter.getByText("In the pot").waitFor();
  assert.deepEqual(await said(letter), ["Dish", "Dan dan", "Table", "A17", "Where", "By the door"]);
  await tell("served");
  await p.page.getByRole("article").nth(1).waitFor();
  assert.equal(await letter.getByText(/served/i).count(), 0, "a state without words is not shown");
  assert.deepEqual(await faults(p.page), []);
  await letter.getByRole("button", { name: "More" }).click();
  await p.page.getByRole("menuitem", { name: "Why do I get this?" }).click();
  const why = p.page.getByRole("dialog");
  await why.getByText("You were asked").waitFor();
  assert.deepEqual(await said(why), ["Dish", "Dan dan", "Table", "A17"]);
});

test("No mints nothing, and the page sees the same as with Allow", async () => {
  const app = await noodles();
  const seen = [];
  for (const how of ["Allow", "No", "Escape"]) {
    const p = await house.guest(await server.account("Ann"));
    await visit(p, app, "/queue");
    await asked(p);
    if (how === "Escape") await p.page.keyboard.press("Escape");
    else await decide(p, how);
    await p.page.getByText(how === "Allow" ? "Allowed." : "It will send nothing.").waitFor();
    seen.push(JSON.stringify(await heard(p)));
    if (how === "Allow") {
      await app.granted("A17");
      await p.page.goto("/me");
      await p.page.getByRole("button", { name: `Revoke: Your table is ready, ${app.name}` }).click();
      await p.page.getByText("No app can send you anything").waitFor();
    }
    assert.deepEqual(await app.grants(), [], how);
  }
  assert.deepEqual(seen, [seen[0], seen[0], seen[0]]);
});

test("taps that were meant for something else decide nothing", async () => {
  const app = await noodles();
  const p = await house.guest(await server.account("Ann"));
  const { page: tab } = p;
  await visit(p, app, "/queue");
  await inside(p).getByRole("button", { name: "tell" }).click();
  const look = tab.getByRole("button", { name: "Look" });
  await look.dispatchEvent("click"); // nobody tapped
  await look.click({ force: true }); // at once: it was meant for what stood there before
  assert.equal(await tab.getByRole("dialog").count(), 0);
  await tab.locator("button:not([aria-disabled=true])", { hasText: "Look" }).click();
  const allow = tab.getByRole("dialog").getByRole("button", { name: "Allow" });
  await allow.click({ force: true });
  await tab.locator("dialog button:not([aria-disabled=true])", { hasText: "Allow" }).waitFor();
  await allow.dispatchEvent("click");
  assert.ok(await allow.isVisible());
  await tab.getByRole("checkbox", { name: "Don't ask again" }).check();
  await decide(p, "No");
  assert.deepEqual(await app.grants(), []);
  p.expected = /403/;
  await inside(p).getByRole("button", { name: "tell" }).click();
  await tab.locator("button:not([aria-disabled=true])", { hasText: "Look" }).click();
  await tab.getByText("You have told this app not to ask.").waitFor();
});

test("one writes to an app, and it answers", async () => {
  const app = await noodles();
  const ann = await server.account("Ann");
  const p = await house.guest(ann);
  await p.page.goto(`/mini-programs/${app.id}`);
  await p.page.getByRole("button", { name: `Write to ${app.name}` }).click();
  await p.page.getByText("may answer up to 5 times").waitFor();
  await p.say("Is there a table by the window?");
  await p.message("Is there a table").getByText("Sent").waitFor();
  await app.answer("From seven on.");
  await p.hears("From seven on.");
  await p.chat(app.name).waitFor();
  await p.page.getByRole("link", { name: "Details" }).click();
  await p.page.getByText(/Can answer you 4 times/).waitFor();
  assert.deepEqual(await faults(p.page), []);
});

test("an app answers with a picture and a file, which one looks at and saves", async () => {
  const app = await noodles();
  for (const options of [{}, PHONE]) {
    const p = await house.guest(await server.account("Ann"), options);
    await p.page.goto(`/mini-programs/${app.id}`);
    await p.page.getByRole("button", { name: `Write to ${app.name}` }).click();
    await p.say("Where do I sit?");
    await p.message("Where do I sit").getByText("Sent").waitFor();
    const plan = await app.upload(picture("plan.png", 600, 400));
    await app.reply("image", { media: plan.media, width: plan.width, height: plan.height, caption: "By the window" });
    const card = await app.upload(textFile("menu.txt", "Dan dan noodles"));
    await app.reply("file", { media: card.media, name: "menu.txt", size: card.size });
    await p.log.getByRole("button", { name: "Picture: By the window" }).click();
    await p.page.getByRole("dialog", { name: "Pictures" }).getByRole("img").first().waitFor();
    await p.page.keyboard.press("Escape");
    const saved = p.page.waitForEvent("download");
    await p.message("menu.txt").getByRole("button", { name: /menu\.txt/ }).click();
    assert.equal(readFileSync(await (await saved).path(), "utf8"), "Dan dan noodles");
    assert.deepEqual(await faults(p.page), []);
    assert.equal(await p.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "nothing sticks out");
  }
});

test("a page is shown to others, and opens where they tap it", async () => {
  const app = await noodles();
  const [ann, ben] = await server.friends("Ann", "Ben");
  const a = await house.guest(ann);
  await visit(a, app, "/menu/?of=today");
  const menu = async (/** @type {string} */ item) => {
    await a.page.getByRole("button", { name: "More" }).click();
    await a.page.getByRole("menuitem", { name: item }).click();
  };
  await menu("Send to a chat");
  await a.page.getByLabel("Title").fill("What is on today");
  await a.page.getByRole("radio", { name: "Ben" }).check();
  await a.page.getByRole("dialog").getByRole("button", { name: "Send", exact: true }).click();
  await a.page.getByText("Sent to Ben").waitFor();
  await menu("Share to Moments");
  await a.page.getByRole("button", { name: `Remove ${app.name}` }).waitFor();
  await a.page.getByRole("button", { name: "Post" }).click();
  await a.page.getByRole("article").getByRole("link", { name: app.name }).waitFor();

  const b = await house.guest(ben, PHONE);
  await b.open("Ann");
  await b.message("What is on today").getByRole("link", { name: app.name }).click();
  await inside(b).getByRole("heading", { name: "Menu" }).waitFor();
  await b.page.getByRole("button", { name: "Close" }).click();
  await b.page.getByRole("link", { name: "Back" }).click();
  await b.go("Moments");
  await b.page.getByRole("article").getByRole("link", { name: app.name }).click();
  await inside(b).getByRole("heading", { name: "Menu" }).waitFor();
  assert.ok(b.page.url().endsWith("/open/menu/?of=today"));
});

test("on a phone the page has the screen, and the sheet fits", async () => {
  const app = await noodles();
  const p = await house.guest(await server.account("Ann"), PHONE);
  await visit(p, app, "/queue");
  await p.page.getByRole("navigation").waitFor({ state: "hidden" });
  await asked(p);
  assert.deepEqual(await faults(p.page), []);
  const box = await p.page.getByRole("dialog").boundingBox();
  assert.ok(box && box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844, JSON.stringify(box));
  assert.equal(await p.page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing sticks out");
  await decide(p, "Allow");
  await app.notify("A17", "18:05", "/queue");
  await p.page.goto("/chats/@notices");
  await p.page.getByRole("article").getByText("18:05").waitFor();
  assert.equal(await p.page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing sticks out");
  assert.deepEqual(await faults(p.page), []);
});
