// Being told while nobody looks. The push service of a browser is somebody else's
// and far away; what it would deliver is handed to the worker by the browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PHONE, faults } from "./people.js";
import { stage } from "./stage.js";

const { server, house } = stage();

/** Registers the worker as the client does, and gives what delivers pushes to it. @param {import("./people.js").Person} p */
async function worker(p) {
  const { page } = p;
  await page.context().grantPermissions(["notifications"], { origin: server.url });
  const cdp = await page.context().newCDPSession(page);
  const registered = new Promise((go) => cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => registrations.length && go(registrations[0].registrationId)));
  await cdp.send("ServiceWorker.enable");
  // A push service is not reached here: what is tried is that the worker is there by then.
  p.expected = /push service|Push API|Registration failed/i;
  await page.getByRole("switch", { name: "Notify me here" }).click();
  await page.getByText("The push service of this browser cannot be reached.").waitFor();
  const registrationId = await registered;
  return (/** @type {object} */ push) => cdp.send("ServiceWorker.deliverPushMessage", { origin: server.url, registrationId, data: JSON.stringify(push) });
}

/** Waits until just this is shown, each as its tag and text. @param {import("./people.js").Person} p @param {...string} wanted */
async function shows(p, ...wanted) {
  for (let tries = 0; ; tries++) {
    const all = await p.page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return (await registration.getNotifications()).map(({ title, body, tag }) => `${tag} ${title}: ${body}`).sort();
    });
    if (JSON.stringify(all) === JSON.stringify(wanted)) return;
    if (tries > 150) assert.deepEqual(all, wanted);
    await new Promise((go) => setTimeout(go, 50));
  }
}

test("a push is shown, replaced by the next of its conversation, and withdrawn", async () => {
  const p = await house.guest(await server.account("Ann"));
  await p.go("Me");
  const deliver = await worker(p);
  await deliver({ type: "message", tag: "t1", title: "Ben", text: "Tea?", count: 1, url: "/contacts" });
  await shows(p, "t1 Ben: Tea?");
  await deliver({ type: "message", tag: "t1", title: "Ben", text: "Or coffee?", count: 2, url: "/contacts" });
  await shows(p, "t1 Ben: Or coffee?");
  await deliver({ type: "message", tag: "t2", title: "Teahouse", count: 3, url: "/chats" });
  await shows(p, "t1 Ben: Or coffee?", "t2 Teahouse: ");
  await deliver({ type: "withdraw", tag: "t1" });
  await shows(p, "t2 Teahouse: ");
  await p.page.getByRole("button", { name: "Sign out" }).click();
  await p.page.getByRole("button", { name: "Sign in" }).waitFor();
  await shows(p); // nothing of it stays for who comes next
});

test("what screens show, and when, is the same on all devices", async () => {
  const ann = await server.account("Ann");
  const p = await house.guest(ann);
  await p.go("Me");
  await p.page.getByRole("combobox", { name: "What the screen may show" }).selectOption("Who, not what");
  await p.page.getByRole("switch", { name: "Quiet hours" }).click();
  await p.page.getByLabel("From", { exact: true }).fill("23:15");
  await p.page.getByRole("switch", { name: "Quiet hours", checked: true }).waitFor();
  assert.deepEqual(await faults(p.page), []);
  for (let tries = 0; ; tries++) {
    const { show, quiet } = await ann.call("GET", "/me/push/settings");
    if (show === "sender" && quiet?.from === 23 * 60 + 15 && quiet.to === 7 * 60) break;
    assert.ok(tries < 100, JSON.stringify({ show, quiet }));
    await new Promise((go) => setTimeout(go, 50));
  }
  const again = await house.guest(ann, PHONE);
  await again.go("Me");
  await again.page.getByLabel("From", { exact: true }).waitFor();
  assert.equal(await again.page.getByLabel("From", { exact: true }).inputValue(), "23:15");
  assert.equal(await again.page.locator(".me-page").evaluate((el) => el.parentElement?.scrollWidth), 390, "nothing sticks out");
});
