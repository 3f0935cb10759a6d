// Somebody deletes their account: the question, the other devices, the friends.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faults, PHONE } from "./people.js";
import { stage } from "./stage.js";

const { server, house } = stage();

test("an account is deleted by who types its name, and is gone everywhere", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  await ann.say(await ann.direct(ben), "so long");
  const [desk, phone, b] = [await house.guest(ann), await house.guest(ann, PHONE), await house.guest(ben)];
  desk.expected = phone.expected = /401/; // a page complains of what it was told
  b.expected = /404/; // and of whom it does not find
  await b.open("Ann");
  await b.hears("so long");

  await desk.go("Me");
  const ask = desk.page.getByRole("button", { name: "Delete account" });
  await ask.click();
  const dialog = desk.page.getByRole("dialog", { name: "Delete account" });
  const yes = dialog.getByRole("button", { name: "Delete for good" });
  const name = dialog.getByLabel("To confirm, type your user id");
  assert.ok(await yes.isDisabled());
  await name.fill(ben.user);
  assert.ok(await yes.isDisabled(), "another name will do");
  await name.press("Enter");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await ask.click();
  await name.fill(ann.user);
  assert.deepEqual(await faults(desk.page), []);
  await yes.click();

  await desk.page.getByText("Your account is deleted.").waitFor();
  await phone.page.getByText("You were signed out on this device.").waitFor();
  await desk.page.getByLabel("User").fill(ann.user);
  await desk.page.getByLabel("Password").fill(ann.password);
  await desk.page.getByRole("button", { name: "Sign in" }).click();
  await desk.page.getByText("User or password is wrong.").waitFor();
  await desk.page.reload();
  await desk.page.getByRole("button", { name: "Sign in" }).waitFor();

  await b.page.reload();
  await b.open(ann.user); // what was said stays, and has no name to it
  await b.hears("so long");
  await b.go("Contacts");
  await b.page.getByText(ann.user).waitFor({ state: "hidden" });
});
