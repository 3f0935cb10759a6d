// Pictures, files and recordings: sent, shown and saved, with the token in no address.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { picture, textFile } from "./files.js";
import { PHONE, faults } from "./people.js";
import { stage } from "./stage.js";

const { server, house } = stage();

/** Two friends in front of their conversation. @param {import("playwright-core").BrowserContextOptions} [options] of the second */
async function pair(options) {
  const [ann, ben] = await server.friends("Ann", "Ben");
  await ann.say(await ann.direct(ben), "hello");
  const [a, b] = [await house.guest(ann), await house.guest(ben, options)];
  await a.open("Ben");
  await b.open("Ann");
  return { ann, ben, a, b };
}

/** @param {import("./people.js").Person} p @param {any[]} files */
const choose = (p, ...files) => p.page.locator(".composer input[type=file], .share input[type=file]").setInputFiles(files);

/** The sizes of the pictures on a page, once all are there. @param {import("playwright-core").Locator} where @param {number} n */
async function shown(where, n) {
  await where.locator(".picture.there").nth(n - 1).waitFor();
  return where.locator(".picture.there img").evaluateAll((all) => all.map((i) => /** @type {HTMLImageElement} */ (i)).map((i) => ({ blob: i.src.startsWith("blob:"), wide: i.naturalWidth })));
}

test("a picture goes up while one writes, and is seen by the other side", async () => {
  const { a, b } = await pair();
  /** @type {string[]} */
  const asked = [];
  b.page.on("request", (r) => asked.push(r.url()));
  await choose(a, picture("tea.png", 900, 600));
  await a.page.getByRole("list", { name: "Attached" }).getByAltText("tea.png").waitFor();
  await a.say("the new pot");
  const got = b.log.getByRole("button", { name: "Picture: the new pot" });
  await got.waitFor();
  assert.deepEqual(await shown(b.log, 1), [{ blob: true, wide: 900 }]);
  await a.log.getByRole("button", { name: "Picture: the new pot" }).waitFor();
  await b.chat("Ann").getByText("[Picture] the new pot").waitFor();
  assert.ok(asked.some((u) => u.includes("/v1/media/m-")));
  assert.deepEqual(asked.filter((u) => /token|bearer/i.test(u)), []);

  await a.page.evaluate(async () => {
    const canvas = new OffscreenCanvas(300, 300);
    canvas.getContext("2d")?.fillRect(0, 0, 200, 200);
    const data = new DataTransfer();
    data.items.add(new File([await canvas.convertToBlob()], "shot.png", { type: "image/png" }));
    document.querySelector(".composer textarea")?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await a.page.getByRole("list", { name: "Attached" }).getByAltText("shot.png").waitFor();
  await a.page.getByRole("button", { name: "Send" }).click();
  await b.log.getByRole("button", { name: "Picture", exact: true }).waitFor();

  await got.focus();
  await b.page.keyboard.press("Enter");
  const viewer = b.page.getByRole("dialog", { name: "Pictures" });
  await viewer.getByText("1 / 2").waitFor();
  await b.page.keyboard.press("ArrowRight");
  await viewer.getByRole("img", { name: "Picture 2 of 2" }).waitFor();
  assert.deepEqual(await faults(b.page), []);
  await b.page.keyboard.press("Escape");
  await viewer.waitFor({ state: "detached" });
});

test("a file arrives as it was, and one that was taken off is not sent", async () => {
  const { a, b } = await pair();
  await choose(a, textFile("recipe.txt", "two spoons, five minutes"), textFile("secret.txt", "not this one"));
  await a.page.getByRole("button", { name: "Remove secret.txt" }).click();
  await a.page.getByRole("button", { name: "Send" }).click();
  const file = b.log.getByRole("button", { name: "Save recipe.txt" });
  await file.getByText("24 byte").waitFor();
  const [saved] = await Promise.all([b.page.waitForEvent("download"), file.click()]);
  assert.equal(saved.suggestedFilename(), "recipe.txt");
  assert.equal(readFileSync(await saved.path(), "utf8"), "two spoons, five minutes");
  assert.equal(await b.log.getByText("secret.txt").count(), 0);

  await a.page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(["dropped"], "dropped.txt", { type: "text/plain" }));
    for (const type of ["dragover", "drop"]) document.querySelector(".log")?.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
  });
  await a.page.getByRole("list", { name: "Attached" }).getByText("dropped.txt").waitFor();
  await a.page.getByRole("button", { name: "Send" }).click();
  await b.log.getByRole("button", { name: "Save dropped.txt" }).waitFor();
});

test("an upload that fails is tried again, and can be given up", async () => {
  const { a, b } = await pair();
  a.expected = /net::ERR_FAILED|503/;
  await a.page.route("**/v1/media", (r) => r.abort());
  await choose(a, textFile("one.txt", "1"), textFile("two.txt", "2"));
  await a.page.getByRole("button", { name: "Send" }).click();
  const going = a.log.locator(".going");
  await going.getByRole("button", { name: "Try again" }).nth(1).waitFor();
  await a.page.unroute("**/v1/media");
  await going.getByRole("button", { name: "Cancel: two.txt" }).click();
  await going.getByRole("button", { name: "Try again" }).click();
  await b.log.getByRole("button", { name: "Save one.txt" }).waitFor();
  await going.waitFor({ state: "detached" });
  assert.equal(await b.log.getByText("two.txt").count(), 0);
});

test("a voice message is recorded and played", async () => {
  const { a, b } = await pair(PHONE);
  await a.page.context().grantPermissions(["microphone"]);
  await a.page.getByRole("button", { name: "Record your voice" }).click();
  await b.page.getByRole("region", { name: "Chat", exact: true }).getByText("is recording…").waitFor();
  await a.page.getByRole("timer").getByText("0:01").waitFor();
  await a.page.getByRole("button", { name: "Send recording" }).click();
  await a.log.getByRole("group", { name: /Voice, 0:0[1-4]/ }).waitFor();
  const voice = b.log.getByRole("group", { name: /Voice, 0:0[1-4]/ });
  await voice.getByRole("button", { name: "Play" }).click();
  await voice.getByRole("button", { name: "Pause" }).waitFor();
  const audio = voice.locator("audio");
  await b.page.waitForFunction((el) => /** @type {HTMLAudioElement} */ (el).currentTime > 0.1, await audio.elementHandle());
  assert.match(await audio.evaluate((el) => /** @type {HTMLAudioElement} */ (el).src), /^blob:/);
  await voice.getByRole("button", { name: "Play" }).waitFor(); // it has come to its end
  assert.equal(await b.page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing sticks out");
});

test("a moment shows its pictures, up to nine of them", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const [a, b] = [await house.guest(ann), await house.guest(ben, PHONE)];
  await a.go("Moments");
  await choose(a, ...Array.from({ length: 11 }, (_, n) => picture(`p${n}.png`, 400 + n, 300, n * 20)));
  await a.page.getByText("Up to 9 pictures, or one video.").waitFor();
  const tray = a.page.getByRole("list", { name: "Attached" });
  assert.equal(await tray.getByRole("listitem").count(), 9);
  await a.page.getByRole("button", { name: "Remove p4.png" }).click();
  await a.page.getByRole("button", { name: "Post" }).click(); // it waits for what is still going up
  await a.page.getByRole("article").waitFor();

  await b.go("Moments");
  const moment = b.page.getByRole("article");
  await moment.getByRole("button", { name: "Picture 8 of 8" }).waitFor();
  for (const { blob, wide } of await shown(moment, 8)) assert.ok(blob && wide > 0 && wide <= 320, `a thumbnail, not ${wide} wide`);
  await moment.getByRole("button", { name: "Picture 5 of 8" }).click();
  const viewer = b.page.getByRole("dialog", { name: "Pictures" });
  await b.page.waitForFunction(() => /** @type {HTMLImageElement} */ (document.querySelector(".viewer img")).naturalWidth === 405); // the whole one; p4 was taken off
  await viewer.getByRole("button", { name: "Next" }).click();
  await viewer.getByText("6 / 8").waitFor();
  await viewer.getByRole("button", { name: "Close" }).click();
  await viewer.waitFor({ state: "detached" });
  assert.equal(await b.page.evaluate(() => document.documentElement.scrollWidth), 390, "nothing sticks out");
});

test("what is far down the page is not read until somebody comes near", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const a = await house.guest(ann);
  await a.go("Moments");
  for (let n = 0; n < 6; n++) {
    await choose(a, picture(`p${n}.png`, 500, 700, n * 30));
    await a.page.getByRole("button", { name: "Post" }).click();
    await a.page.getByRole("article").nth(n).waitFor();
  }
  const b = await house.guest(ben);
  let read = 0;
  b.page.on("request", (r) => (read += r.url().includes("/v1/media/m-") ? 1 : 0));
  await b.go("Moments");
  await b.page.getByRole("article").nth(5).waitFor();
  await b.page.locator(".picture.there").first().waitFor();
  const before = read;
  assert.ok(before < 6, `${before} pictures were read at once`);
  await b.page.getByRole("article").nth(5).scrollIntoViewIfNeeded();
  await b.page.getByRole("article").nth(5).locator(".picture.there").waitFor();
  assert.ok(read > before);
});

test("a face is shown instead of initials", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const a = await house.guest(ann);
  await a.go("Me");
  await a.page.locator(".portrait input[type=file]").setInputFiles(picture("me.png", 200, 200));
  await a.page.locator(".portrait img").waitFor();
  const b = await house.guest(ben);
  await b.go("Contacts");
  await b.page.getByRole("list", { name: "Friends" }).locator(".avatar img").waitFor();
  await a.page.getByRole("button", { name: "Remove picture" }).click();
  await a.page.locator(".portrait img").waitFor({ state: "detached" });
});
