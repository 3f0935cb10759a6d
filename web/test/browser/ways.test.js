// Other ways to use the client: by keyboard alone, on a phone, in Chinese, with
// text that runs the other way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE } from "./people.js";
import { stage } from "./stage.js";

const { server, house } = stage();

/** Presses Tab until something of that name has the focus. @param {import("playwright-core").Page} page @param {string|RegExp} name */
async function tabTo(page, name) {
  const wanted = typeof name === "string" ? new RegExp(`^${name}$`) : name;
  const seen = [];
  for (let n = 0; n < 40; n++) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const el = document.activeElement;
      return (el?.getAttribute("aria-label") || el?.closest("label")?.textContent || el?.textContent || "").trim();
    });
    if (wanted.test(focus)) return;
    seen.push(focus);
  }
  assert.fail(`Tab does not reach ${name}: ${seen.join(" | ")}`);
}

test("everything works by keyboard alone", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  await ann.say(stream, "are you awake?");
  const b = await house.visitor();
  const { page } = b;
  await page.keyboard.type(ben.user); // the first field has the focus
  await page.keyboard.press("Tab");
  await page.keyboard.type(ben.password);
  await page.keyboard.press("Enter");
  await b.chat("Ann, 1 unread").waitFor();

  await tabTo(page, "Ann, 1 unread");
  await page.keyboard.press("Enter");
  await b.hears("are you awake?");
  await b.box.and(page.locator(":focus")).waitFor(); // one can write at once
  await page.keyboard.type("yes,");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("very much");
  await page.keyboard.press("Enter");
  await b.message("yes,").getByText("Sent").waitFor();
  assert.equal((await ann.history(stream)).at(-1).body.text, "yes,\nvery much");

  await page.keyboard.press("ArrowUp"); // from the empty box to the newest message
  await page.locator(".message.mine:focus").waitFor();
  await page.keyboard.press("ArrowUp");
  await page.locator(".message.theirs:focus").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: "Reply" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  for (const item of ["Reply", "Copy", "Recall"]) {
    await page.getByRole("menuitem", { name: item }).and(page.locator(":focus")).waitFor();
    await page.keyboard.press(item === "Recall" ? "Enter" : "ArrowDown");
  }
  await b.log.getByText("You recalled this").waitFor();

  await page.evaluate(() => /** @type {HTMLElement} */ (document.activeElement).blur());
  await page.goto("/contacts");
  await page.getByRole("heading", { name: "Contacts" }).waitFor();
  await page.keyboard.press("Tab");
  await page.getByText("Skip to content").and(page.locator(":focus")).waitFor();
  await tabTo(page, "Add contact");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByLabel("User").and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Add contact" }).and(page.locator(":focus")).waitFor(); // the focus is given back
  await tabTo(page, /Ann/);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Ann", level: 2 }).and(page.locator(":focus")).waitFor();
});

test("moments are shared and answered by keyboard alone", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  await ann.call("POST", "/moments", { text: "older", audience: { kind: "friends" } });
  await ann.call("POST", "/moments", { text: "newer", audience: { kind: "friends" } });
  const b = await house.guest(ben);
  const { page } = b;
  await tabTo(page, /^Moments/);
  await page.keyboard.press("Enter");
  const moments = page.getByRole("article");
  await moments.nth(1).waitFor();
  await tabTo(page, "Share something");
  await page.keyboard.type("by keyboard");
  await tabTo(page, /^Who may see it/);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await tabTo(page, /^All friends/);
  await page.keyboard.press("ArrowDown");
  await dialog.getByText("Seen by you alone").waitFor();
  await tabTo(page, "Done");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Who may see it: Only me" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Shift+Tab");
  for (let n = 0; n < 3; n++) await page.keyboard.press("Shift+Tab"); // back over the tools to the text
  await page.getByRole("textbox", { name: "Share something" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("Control+Enter");
  await moments.filter({ hasText: "by keyboard" }).getByText("Only me").waitFor();

  await tabTo(page, "Like");
  await page.keyboard.press("PageDown");
  await moments.filter({ hasText: "newer" }).and(page.locator(":focus")).waitFor();
  await tabTo(page, "Like");
  await page.keyboard.press("Enter");
  await moments.filter({ hasText: "newer" }).getByRole("button", { name: "Like", pressed: true }).waitFor();
  await tabTo(page, "Comment");
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: "Write a comment" }).and(page.locator(":focus")).waitFor();
  await page.keyboard.type("well said");
  await page.keyboard.press("Enter");
  await moments.filter({ hasText: "newer" }).getByText("well said").waitFor();
  await page.getByRole("button", { name: "Comment" }).and(page.locator(":focus")).waitFor(); // one goes on from there
});

test("a phone shows one thing at a time", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  await ann.say(await ann.direct(ben), "on the move");
  const b = await house.guest(ben, PHONE);
  const list = b.page.getByRole("list", { name: "Chats" });
  await b.open("Ann");
  await list.waitFor({ state: "hidden" });
  await b.hears("on the move");
  await b.say("me too");
  await b.message("me too").getByText("Sent").waitFor();
  assert.equal(await b.page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing sticks out");
  await b.message("me too").locator(".bubble").dispatchEvent("touchstart"); // and the finger rests there
  await b.page.getByRole("menuitem", { name: "Copy" }).waitFor();
  await b.page.keyboard.press("Escape");
  await b.page.getByRole("link", { name: "Details" }).click();
  await b.log.waitFor({ state: "hidden" });
  await b.page.goBack();
  await b.page.getByRole("link", { name: "Back" }).click();
  await list.waitFor();
  await b.go("Me");
  await b.page.getByRole("heading", { name: "Me" }).waitFor();
  b.expected = /404/;
  await b.page.goto("/chats/d-nobody~nowhere");
  await b.page.getByText("This conversation is not here").waitFor();
  await b.page.getByRole("link", { name: "Back" }).click();
  await list.waitFor();
});

test("a browser that speaks Chinese is spoken to in Chinese", async () => {
  const [ann, ben] = await server.friends("小安", "老本");
  await ann.say(await ann.direct(ben), "下周来喝茶吗？");
  const b = await house.visitor({ locale: "zh-CN" });
  await b.signIn(ben, { user: "用户", password: "密码", signIn: "登录" });
  await b.page.getByRole("listitem", { name: "小安，1 条未读" }).or(b.page.getByRole("listitem", { name: "小安, 1 条未读" })).getByRole("link").click();
  await b.hears("下周来喝茶吗？");
  await b.page.getByRole("textbox", { name: "消息" }).fill("好的");
  await b.page.getByRole("button", { name: "发送" }).click();
  await b.message("好的").getByText("已发送").waitFor();
  assert.equal(await b.page.evaluate(() => document.documentElement.lang), "zh-Hans");

  await b.go("朋友圈");
  await b.page.getByRole("textbox", { name: "分享点什么" }).fill("新茶到了");
  await b.page.getByRole("button", { name: "发表" }).click();
  await b.page.getByRole("article").filter({ hasText: "新茶到了" }).getByRole("button", { name: "评论" }).waitFor();

  await b.go("我");
  await b.page.getByRole("combobox", { name: "语言" }).selectOption({ label: "English" });
  await b.page.getByRole("button", { name: "Sign out" }).waitFor();
  await b.page.reload();
  await b.page.getByRole("button", { name: "Sign out" }).click();
  await b.page.getByRole("button", { name: "Sign in" }).waitFor();
});

test("right-to-left text runs its own way", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  await ann.say(stream, "مرحباً بك في المقهى");
  await ann.say(stream, "welcome");
  const b = await house.guest(ben);
  await b.open("Ann");
  await b.hears("welcome");
  const way = (/** @type {string} */ text) => b.message(text).locator(".text").evaluate((el) => getComputedStyle(el).direction);
  assert.equal(await way("مرحباً"), "rtl");
  assert.equal(await way("welcome"), "ltr");
});
