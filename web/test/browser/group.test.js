// A group from its making to its end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./stage.js";

const { server, house } = stage();

test("a group is made, talks, changes its people and its name, and is dissolved", async () => {
  const [ann, ben, cem, dee] = await server.friends("Ann", "Ben", "Cem", "Dee");
  const [a, b, d] = [await house.guest(ann), await house.guest(ben), await house.guest(dee)];

  await a.go("Contacts");
  await a.page.getByRole("link", { name: "New group" }).click();
  await a.page.getByLabel("Group name").fill("Sunday walk");
  await a.page.getByRole("checkbox", { name: "Ben" }).check();
  await a.page.getByRole("checkbox", { name: "Cem" }).check();
  await a.page.getByRole("button", { name: "Create" }).click();
  await a.log.getByText("You made the group with Ben, Cem").waitFor();

  await b.open("Sunday walk");
  await b.log.getByText("Ann made the group with You, Cem").waitFor();
  await b.say("where do we meet?");
  await a.hears("where do we meet?");
  await a.message("where do we meet?").getByText("Ben", { exact: true }).waitFor();

  await a.box.pressSequentially("@be");
  await a.page.getByRole("option", { name: "Ben" }).click();
  await a.page.getByRole("option").waitFor({ state: "hidden" }); // the name is in the box
  await a.box.pressSequentially("at the bridge");
  await a.box.press("Enter");
  await b.message("@Ben at the bridge").locator(".mention").waitFor();

  await a.page.getByRole("link", { name: "Details" }).click();
  await a.page.getByRole("button", { name: "Add people" }).click();
  await a.page.getByRole("dialog").getByRole("checkbox", { name: "Dee" }).check();
  await a.page.getByRole("dialog").getByRole("button", { name: "Add" }).click();
  await b.log.getByText("Ann added Dee").waitFor();
  await d.open("Sunday walk");
  await d.log.getByText("Ann added You").waitFor();
  assert.deepEqual(await d.texts(), [], "what was said before is not for Dee");

  const about = a.page.getByRole("complementary", { name: "Details" });
  await about.getByLabel("Group name").fill("Monday walk");
  await about.getByRole("button", { name: "Save" }).click();
  await b.chat("Monday walk").waitFor();

  await about.getByRole("button", { name: "More: Cem" }).click();
  await a.page.getByRole("menuitem", { name: "Make admin" }).click();
  await b.log.getByText("Ann made Cem an admin").waitFor();

  await about.getByRole("button", { name: "More: Dee" }).click();
  await a.page.getByRole("menuitem", { name: "Mute for an hour" }).click();
  await d.log.getByText("Ann muted You").waitFor();
  await d.say("can you hear me?");
  await d.log.getByText("You are muted here.").waitFor();
  await about.getByRole("button", { name: "More: Dee" }).click();
  await a.page.getByRole("menuitem", { name: "Let write again" }).click();
  await d.log.getByText("Ann unmuted You").waitFor();
  await d.act("can you hear me?", "Try again");
  await a.hears("can you hear me?");

  await about.getByRole("switch", { name: "Only owner and admins may write" }).check();
  await b.page.getByText("Only owner and admins may write at the moment.").waitFor();
  await about.getByRole("switch", { name: "Only owner and admins may write" }).uncheck();
  await b.page.getByText("Only owner and admins may write at the moment.").waitFor({ state: "detached" });

  await a.act("where do we meet?", "Recall");
  await b.log.getByText("You recalled this").waitFor(); // the owner took it back, and the text is still Ben's to use
  await about.getByRole("button", { name: "More: Dee" }).click();
  await a.page.getByRole("menuitem", { name: "Remove from group" }).click();
  await a.page.getByRole("dialog").getByRole("button", { name: "Remove from group" }).click();
  await d.page.getByText("You are not in this group any more.").waitFor();

  await b.page.getByRole("link", { name: "Details" }).click();
  await b.page.getByRole("button", { name: "Leave group" }).click();
  await b.page.getByRole("dialog").getByRole("button", { name: "Leave group" }).click();
  await b.chat("Monday walk").waitFor({ state: "detached" });
  await a.log.getByText("Ben left").waitFor();

  await about.getByRole("button", { name: "More: Cem" }).click();
  await a.page.getByRole("menuitem", { name: "Make owner" }).click();
  await a.page.getByRole("dialog").getByRole("button", { name: "Make owner" }).click();
  await a.log.getByText("You made Cem the owner").waitFor();
  const stream = (await cem.call("GET", "/conversations")).items.find((/** @type {any} */ c) => c.kind === "group").stream;
  await cem.call("DELETE", `/groups/${stream}`);
  await a.page.getByText("This group was dissolved.").waitFor();
  assert.equal(await a.box.count(), 0);
});

test("settings of a conversation are one's own", async () => {
  const [ann, ben, cem] = await server.friends("Ann", "Ben", "Cem");
  const first = await ben.direct(ann);
  await ann.say(first, "one");
  await cem.say(await cem.direct(ben), "two");
  const b = await house.guest(ben);
  await b.open("Ann");
  await b.page.getByRole("button", { name: "More" }).first().click();
  await b.page.getByRole("menuitem", { name: "Pin to top" }).click();
  await b.page.getByRole("list", { name: "Chats" }).getByRole("listitem").first().getByText("Ann").waitFor();
  await b.open("Cem");
  await b.page.getByRole("button", { name: "More" }).first().click();
  await b.page.getByRole("menuitem", { name: "Hide chat" }).click();
  await b.chat("Cem").waitFor({ state: "detached" });
  await b.page.reload();
  await b.chat("Ann").waitFor();
  await b.chat("Cem").waitFor({ state: "detached" });
  await cem.say(await cem.direct(ben), "three");
  await b.chat("Cem, 1 unread").waitFor();
});
