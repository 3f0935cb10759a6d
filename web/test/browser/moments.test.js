// Moments between friends: for whom they are, what is said to them, who hears of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE } from "./people.js";
import { stage } from "./stage.js";

const { server, house } = stage();

/** A moment on the page, by its text. @param {import("./people.js").Person} p @param {string} text */
const moment = (p, text) => p.page.getByRole("article").filter({ hasText: text });

/** @param {import("./people.js").Person} p @param {string} text */
async function share(p, text) {
  await p.page.getByRole("textbox", { name: "Share something" }).fill(text);
  await p.page.getByRole("button", { name: "Post" }).click();
  await moment(p, text).waitFor();
}

test("a moment is shared, liked, talked about, and its author hears of it", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const [a, b] = [await house.guest(ann), await house.guest(ben)];
  await b.go("Moments");
  await b.page.getByText("Nothing here yet").waitFor();
  await a.go("Moments");
  await share(a, "The first one");
  await moment(b, "The first one").waitFor(); // there was nothing that it could push aside
  await share(a, "The plum trees bloom");
  await a.go("Chats");

  await b.page.getByRole("button", { name: "1 new moment" }).click(); // it does not push in by itself
  const seen = moment(b, "The plum trees bloom");
  await seen.getByRole("button", { name: "Like" }).click();
  await seen.getByRole("button", { name: "Like", pressed: true }).waitFor();
  await seen.getByRole("button", { name: "Comment" }).click();
  await b.page.keyboard.type("May I bring a ladder?");
  await b.page.keyboard.press("Enter");
  await seen.getByText("May I bring a ladder?").waitFor();

  const place = a.page.getByRole("navigation").getByRole("link", { name: "Moments", exact: true });
  await place.and(a.page.getByRole("link", { description: "2 new" })).waitFor();
  await a.go("Moments");
  const told = a.page.getByRole("list", { name: "Notifications" });
  await told.getByText("likes your moment").waitFor();
  await told.getByText("commented on your moment").waitFor();
  await place.and(a.page.getByRole("link", { description: "2 new" })).waitFor({ state: "detached" }); // it was seen

  const mine = moment(a, "The plum trees bloom");
  await mine.getByRole("button", { name: "Reply to Ben" }).click();
  await a.page.keyboard.type("Bring two");
  await a.page.keyboard.press("Enter");
  await moment(b, "The plum trees bloom").getByText("Bring two").waitFor(); // while it is looked at
  await seen.getByRole("button", { name: "Like" }).click();
  await told.getByText("likes your moment").waitFor({ state: "detached" }); // taken back, it vanishes
  await mine.getByRole("button", { name: "Like", pressed: false }).waitFor();

  await mine.getByRole("button", { name: "More: Ben" }).click();
  await a.page.getByRole("menuitem", { name: "Delete comment" }).click();
  await a.page.getByRole("dialog").getByRole("button", { name: "Delete comment" }).click();
  await mine.getByText("May I bring a ladder?").waitFor({ state: "detached" });
  a.expected = b.expected = /404.*\/v1\/moments\//; // who asks for it at this moment is told that it is gone
  await mine.getByRole("button", { name: "More", exact: true }).click();
  await a.page.getByRole("menuitem", { name: "Delete moment" }).click();
  await a.page.getByRole("dialog").getByRole("button", { name: "Delete moment" }).click();
  await mine.waitFor({ state: "detached" });
  await b.go("Moments"); // once more: it is read anew
  await moment(b, "The plum trees bloom").waitFor({ state: "detached" });
  await moment(b, "The first one").waitFor();
});

test("a moment is for those it is for, and its author is told beforehand who that is", async () => {
  const [ann, ben, cem] = await server.friends("Ann", "Ben", "Cem");
  await ann.call("PATCH", `/contacts/${ben.user}`, { tags: ["family"] });
  const [a, b, c] = [await house.guest(ann), await house.guest(ben), await house.guest(cem)];
  await a.go("Moments");
  await a.page.getByRole("button", { name: "Who may see it: All friends" }).click();
  const dialog = a.page.getByRole("dialog");
  await dialog.getByText("Seen by 2: Ben, Cem").waitFor();
  await dialog.getByRole("radio", { name: "Only some" }).check();
  await dialog.getByText("Choose somebody, or a tag.").waitFor();
  await dialog.getByRole("button", { name: "#family" }).click();
  await dialog.getByText("Seen by 1: Ben").waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await share(a, "Only for the family");
  await a.page.getByRole("button", { name: "Who may see it: All friends" }).waitFor(); // the next one is for all again
  await share(a, "For everybody");

  await b.go("Moments");
  await moment(b, "Only for the family").waitFor();
  await c.go("Moments");
  await moment(c, "For everybody").waitFor();
  assert.equal(await moment(c, "Only for the family").count(), 0);

  const mine = moment(a, "Only for the family");
  await mine.getByText("Only #family").waitFor();
  await mine.getByRole("button", { name: "More" }).click();
  await a.page.getByRole("menuitem", { name: "Who sees this" }).click();
  await dialog.getByRole("list", { name: "1 sees it" }).getByText("By their tag").waitFor();
  await dialog.getByRole("list", { name: "1 does not" }).getByText("It is not for them").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();

  await a.page.getByRole("link", { name: "My page" }).click();
  await a.page.getByRole("combobox", { name: "View as" }).selectOption({ label: "Cem" });
  await a.page.getByText("This is how Cem sees your page.").waitFor();
  await moment(a, "For everybody").waitFor();
  assert.equal(await moment(a, "Only for the family").count(), 0);
  await a.page.getByRole("combobox", { name: "View as" }).selectOption({ label: "You" });

  await mine.getByRole("button", { name: "More" }).click();
  await a.page.getByRole("menuitem", { name: "Change who sees it" }).click();
  await dialog.getByRole("radio", { name: "Only me" }).check();
  await dialog.getByText("Seen by you alone").waitFor();
  await dialog.getByRole("button", { name: "Save" }).click();
  await mine.getByText("Only me").waitFor();
  await b.page.reload();
  await moment(b, "For everybody").waitFor();
  assert.equal(await moment(b, "Only for the family").count(), 0);
});

test("what one keeps about a friend is changed on their page", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  await ben.call("POST", "/moments", { text: "From Ben", audience: { kind: "friends" } });
  const a = await house.guest(ann, PHONE);
  await a.go("Contacts");
  await a.page.getByRole("link", { name: "Ben" }).click();
  await a.page.getByLabel("Alias").fill("Uncle Ben");
  await a.page.getByRole("button", { name: "Save" }).click();
  await a.page.getByRole("heading", { name: "Uncle Ben" }).waitFor();
  await a.page.getByRole("textbox", { name: "Add tag" }).or(a.page.getByRole("combobox", { name: "Add tag" })).fill("family");
  await a.page.keyboard.press("Enter");
  await a.page.getByRole("button", { name: "Remove tag family" }).waitFor();
  await a.page.getByRole("switch", { name: "Starred friend" }).check();
  await a.page.getByRole("switch", { name: "Hide Uncle Ben's moments from me" }).check();
  await a.page.getByRole("switch", { name: "Chat only" }).check();
  await a.page.getByRole("switch", { name: "Hide my moments from Uncle Ben", disabled: true }).waitFor(); // chat only says it already
  const [friend] = (await ann.call("GET", "/contacts")).items;
  const { alias, tags, starred, chat_only, hide_their_moments, hide_my_moments } = friend;
  assert.deepEqual({ alias, tags, starred, chat_only, hide_their_moments, hide_my_moments }, {
    alias: "Uncle Ben", tags: ["family"], starred: true, chat_only: true, hide_their_moments: true, hide_my_moments: false,
  });
  await a.page.getByRole("main").getByRole("link", { name: "Moments" }).click();
  await a.page.getByText("Nothing to see").waitFor();
});

test("one sees who is around, unless they do not want it", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  await ann.say(await ann.direct(ben), "hello");
  const a = await house.guest(ann);
  await a.open("Ben");
  const head = a.page.getByRole("region", { name: "Chat", exact: true });
  const b = await house.guest(ben);
  await head.getByText("Online").waitFor();
  await head.locator(".dot.online").waitFor();
  await b.go("Me");
  await b.page.getByRole("radio", { name: "Away" }).check();
  await head.getByText("Away").waitFor();
  await b.page.getByLabel("What are you up to?").fill("at the market");
  await b.page.getByRole("button", { name: "Save" }).nth(1).click();
  await head.getByText("Away · at the market").waitFor();
  await b.page.getByRole("radio", { name: "Invisible" }).check();
  await head.getByText("Last seen").or(head.getByText("Offline")).waitFor();
  await b.page.reload();
  await b.page.getByRole("radio", { name: "Invisible", checked: true }).waitFor();
  await b.page.getByRole("radio", { name: "Online" }).check();
  await head.getByText("Online").waitFor();
  await b.page.getByRole("switch", { name: "Friends see whether I am around" }).uncheck();
  await head.getByText("Offline").waitFor();
});
