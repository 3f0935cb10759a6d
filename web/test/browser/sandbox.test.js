// `teahouse dev`: two phones and an app's server in one page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "./people.js";
import { stage } from "./stage.js";

const { server, house } = stage({ command: "dev" });

/** The phones are not scaled at this size: what drives the browser cannot hit what is in a frame in a scaled frame. */
const WIDE = { viewport: { width: 1720, height: 1000 } };

/** Somebody at the sandbox. @param {string} [query] */
async function developer(query = "") {
  const p = await house.visitor(WIDE);
  await p.page.goto("/sandbox" + query);
  const phone = (/** @type {string} */ name) => p.page.frameLocator(`iframe[title="${name}"]`);
  const tab = (/** @type {string} */ name) => p.page.getByRole("tab", { name: new RegExp(`^${name}`) }).click();
  return { p, page: p.page, left: phone("Left phone"), right: phone("Right phone"), tab };
}

test("the two phones are two people's", async () => {
  const { page, left, right } = await developer("?right=carol");
  const say = "Is the kettle on?";
  for (const phone of [left, right]) await phone.getByRole("list", { name: "Chats" }).getByRole("link", { name: "Tea at four" }).click();
  await left.getByRole("textbox", { name: "Message" }).fill(say);
  await left.getByRole("button", { name: "Send" }).click();
  await right.getByRole("log").getByText(say).waitFor();
  assert.match(await right.getByRole("article").filter({ hasText: say }).innerText(), /Alice/);

  await page.getByRole("combobox", { name: "Right phone" }).selectOption("dave");
  await right.getByText("No chats yet").or(right.getByRole("navigation")).first().waitFor();
  await right.getByRole("link", { name: "Me", exact: true }).click();
  await right.getByText("Dave").first().waitFor();
  await left.getByRole("link", { name: "Back" }).or(left.getByRole("link", { name: "Me", exact: true })).first().waitFor();
  assert.equal(new URL(page.url()).searchParams.get("right"), "dave", "the address says who is there");
  await page.reload();
  await right.getByRole("link", { name: "Me", exact: true }).click();
  await right.getByText("Dave").first().waitFor();
});

test("an app from nothing to a notice, and what the gate says", async () => {
  const { p, page, left, tab } = await developer();
  p.expected = /status of (403|409)/; // the refusals
  await page.getByRole("button", { name: "Make the sample app" }).click();
  await tab("Templates");
  for (const title of ["Your order", "Your table is ready"]) {
    const waiting = page.getByRole("list", { name: "Waiting for a moderator" }).getByRole("listitem", { name: title });
    await waiting.getByRole("button", { name: "Approve" }).click();
    await waiting.waitFor({ state: "detached" });
  }
  const allow = async () => {
    await left.frameLocator("iframe").getByRole("button", { name: "Tell me when my table is ready" }).click();
    const look = left.getByRole("button", { name: "Look" });
    await left.locator("button[aria-disabled=false]", { hasText: "Look" }).waitFor();
    await look.click();
    await left.locator("button[aria-disabled=false]", { hasText: "Allow" }).click();
  };
  await tab("App");
  await page.getByRole("button", { name: "left phone" }).click();
  await allow();
  await tab("Webhooks");
  await page.getByRole("listitem", { name: "grant.minted" }).getByText("signature is right").waitFor();

  await tab("Send");
  await tab("Gate");
  const send = page.getByRole("button", { name: "Send", exact: true });
  const decisions = page.getByRole("list", { name: "Decisions of the gate" });
  await page.getByRole("button", { name: "Name a recipient" }).click();
  await send.click();
  const refused = decisions.getByRole("listitem", { name: "refused recipient_not_accepted" });
  await refused.getByText("An app cannot choose that").waitFor();
  await refused.getByRole("list", { name: "Refused at: Form" }).waitFor();
  await page.getByRole("button", { name: "Fill in anew" }).click();
  await send.click();
  await decisions.getByRole("listitem", { name: "accepted", exact: true }).waitFor();
  await send.click();
  await decisions.getByText("same answer again").waitFor();
  await page.getByRole("button", { name: "Another key" }).click();
  await send.click();
  await decisions.getByRole("listitem", { name: "refused grant_consumed" }).getByText("One consent is one message").waitFor();
  await left.getByRole("button", { name: "Close" }).click();
  await left.getByRole("link", { name: /^Chats/ }).click();
  await left.getByRole("link", { name: /^Service notices/ }).click();
  await left.getByRole("article").getByText("By the window").waitFor();

  await tab("App");
  await page.getByRole("button", { name: "left phone" }).click();
  await allow();
  await tab("Send");
  await page.getByRole("combobox", { name: "Handle" }).getByText("once, 1 left").waitFor({ state: "attached" });
  await page.getByRole("button", { name: "+7 d" }).click();
  await page.getByRole("button", { name: "+1 min" }).click();
  await page.getByText("7 d 1 min ahead").waitFor();
  await send.click();
  await decisions.getByRole("listitem", { name: "refused grant_expired" }).getByText("Consent does not pile up").waitFor();
  assert.deepEqual(await faults(page), []);

  await page.setViewportSize({ width: 1024, height: 768 });
  await page.waitForFunction(() => document.documentElement.scrollWidth <= innerWidth);
});

test("an app of one's own, and a webhook that fails", async () => {
  const { page, tab } = await developer();
  await page.getByRole("button", { name: "New app" }).click(); // beside the one before
  await page.getByLabel("Name", { exact: true }).fill("Late trains");
  await page.getByLabel("Category").fill("transport");
  await page.getByRole("button", { name: "Create" }).click();
  await page.getByRole("combobox", { name: "Which app" }).getByText("Late trains").waitFor({ state: "attached" });
  const secret = page.getByText("•".repeat(16));
  await page.getByRole("button", { name: "Show Secret" }).click();
  await secret.waitFor({ state: "detached" });
  await page.getByLabel("answer 503").click();
  await page.getByText("?answer=503").waitFor();
  await tab("Templates");
  await page.getByText("Hand in a template").click();
  const text = page.getByLabel("Template as JSON");
  await text.fill((await text.inputValue()).replace("Your table is ready", "Your train is late"));
  await page.getByRole("button", { name: "Hand in" }).click();
  const waiting = page.getByRole("listitem", { name: "Your train is late" });
  await waiting.getByLabel("Reason").fill("Which train?");
  await waiting.getByRole("button", { name: "Reject" }).click();
  await page.getByText("Mo: “Which train?”").waitFor();
  await page.getByRole("listitem").getByText("rejected", { exact: true }).waitFor();
});

test("an app's server that tries what is not for apps", async () => {
  const { page } = await developer();
  const name = page.getByLabel("Name", { exact: true });
  await page.getByRole("button", { name: "New app" }).click();
  await name.fill("Lists");
  await page.getByRole("button", { name: "Create" }).click();
  await name.waitFor({ state: "detached" });
  const secrets = await page.evaluate(() => JSON.parse(localStorage.getItem("teahouse.sandbox.secrets") ?? "{}"));
  const [app, secret] = Object.entries(secrets)[0];
  const headers = { Authorization: "Basic " + Buffer.from(`${app}:${secret}`).toString("base64"), "Content-Type": "application/x-www-form-urlencoded" };
  const { access_token: token } = await server.send("POST", "/app/token", "grant_type=client_credentials", headers);
  await assert.rejects(server.call("GET", "/contacts", undefined, token), /wrong_principal/);
  const refused = page.getByRole("list", { name: "Decisions of the gate" }).getByRole("listitem", { name: "refused wrong_principal" });
  await refused.getByText("no list of people").waitFor();
  await refused.getByText("listContacts").waitFor();
});
