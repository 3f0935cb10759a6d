// Two people meet, chat, lose the network, take something back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./stage.js";

const { server, house } = stage();

test("two people make accounts, become friends and chat", async () => {
  const lin = await house.visitor();
  const mo = await house.visitor();
  for (const [person, name, user] of /** @type {const} */ ([[lin, "Lin", "lin-web"], [mo, "Mo", "mo-web"]])) {
    await person.page.getByRole("button", { name: "Create account" }).click();
    await person.page.getByLabel("Name").fill(name);
    await person.page.getByLabel("User").fill(user);
    await person.page.getByLabel("Password").fill("a pot of oolong");
    await person.page.getByRole("button", { name: "Create account" }).click();
    await person.page.getByRole("navigation").waitFor();
  }

  await lin.go("Contacts");
  await lin.page.getByRole("button", { name: "Add contact" }).first().click();
  await lin.page.getByRole("dialog").getByLabel("User").fill("mo-web");
  await lin.page.getByRole("dialog").getByLabel("Greeting").fill("It is Lin from the market");
  await lin.page.getByRole("dialog").getByRole("button", { name: "Add" }).click();

  await mo.go("Contacts");
  const request = mo.page.getByRole("group", { name: "Lin" });
  await request.getByText("It is Lin from the market").waitFor();
  await request.getByRole("button", { name: "Accept" }).click();
  await mo.page.getByRole("list", { name: "Friends" }).getByRole("link", { name: "Lin" }).click();
  await mo.page.getByRole("button", { name: "Chat" }).click();
  await mo.say("Hello Lin");

  await lin.go("Chats");
  await lin.chat("Mo, 1 unread").waitFor();
  await lin.open("Mo");
  await lin.hears("Hello Lin");
  await lin.chat(/^Mo$/).waitFor();
  await mo.message("Hello Lin").getByText("Seen").waitFor();

  await lin.box.pressSequentially("Tea");
  await mo.page.getByText("typing…").first().waitFor();
  await lin.say("Tea at four?");
  await mo.hears("Tea at four?");
  assert.deepEqual(await lin.texts(), ["Hello Lin", "Tea at four?"]);
  assert.deepEqual(await mo.texts(), await lin.texts());
});

test("who goes offline misses nothing, and what was written meanwhile is sent", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  await ann.say(stream, "before");
  const [a, b] = [await house.guest(ann), await house.guest(ben)];
  a.expected = b.expected = /ERR_INTERNET_DISCONNECTED|ERR_NETWORK/;
  await a.open("Ben");
  await b.open("Ann");
  await b.hears("before");

  await b.page.context().setOffline(true);
  await a.say("are you there?");
  await b.page.getByText("You are offline").waitFor();
  await b.say("written in a tunnel");
  for (let n = 0; n < 130; n++) await ann.say(stream, `missed ${n}`);
  await b.message("written in a tunnel").getByText("Waiting for the connection").waitFor();
  assert.deepEqual((await b.texts()).slice(0, 1), ["before"]);

  await b.page.context().setOffline(false);
  await b.hears("missed 129");
  await a.hears("written in a tunnel");
  const log = (await ben.history(stream)).map((e) => e.body.text);
  assert.equal(log.length, 133);
  await b.log.evaluate((el) => (el.scrollTop = 0));
  await b.hears("are you there?");
  await b.message("before").waitFor();
  assert.deepEqual(await b.texts(), log);
});

test("what was written before the page was closed is sent when it is opened again, once", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  await ann.say(stream, "first");
  const b = await house.guest(ben);
  b.expected = /ERR_INTERNET_DISCONNECTED|ERR_NETWORK/;
  await b.open("Ann");
  await b.page.context().setOffline(true);
  await b.page.getByText("You are offline").waitFor();
  await b.say("kept in the drawer");
  await b.message("kept in the drawer").getByText("Waiting for the connection").waitFor();
  await b.page.goto("about:blank").catch(() => {});
  await b.page.context().setOffline(false);
  await b.page.goto("/");
  await b.open("Ann");
  await b.message("kept in the drawer").getByText("Sent").waitFor();
  assert.deepEqual((await ann.history(stream)).map((e) => e.body.text), ["first", "kept in the drawer"]);
});

test("a message whose answer got lost is tried again and stands there once", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  await ann.say(stream, "first");
  const b = await house.visitor();
  b.expected = /WebSocket/;
  let lost = 0;
  await b.page.routeWebSocket(/\/v1\/ws$/, (ws) => {
    const onward = ws.connectToServer();
    let send = 0;
    ws.onMessage((m) => {
      const frame = JSON.parse(String(m));
      if (frame.op === "send") send = frame.id;
      onward.send(m);
    });
    onward.onMessage((m) => {
      if (lost > 1 || !send || JSON.parse(String(m)).id !== send) return ws.send(m);
      lost++; // it is stored, and nobody is told: the connection breaks
      ws.close({ code: 4008 });
      onward.close();
    });
  });
  await b.signIn(ben);
  await b.open("Ann");
  await b.say("said once");
  await b.message("said once").getByText("Sent").waitFor();
  assert.deepEqual((await ann.history(stream)).map((e) => e.body.text), ["first", "said once"]);
  assert.deepEqual(await b.texts(), ["first", "said once"]);
  assert.ok(lost > 0);
});

test("a server that dies and comes back finds its people again", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  await ann.say(stream, "steady");
  const b = await house.guest(ben);
  b.expected = /WebSocket|ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;
  await b.open("Ann");
  await server.kill();
  await b.say("into the dark");
  await b.page.getByText("You are offline").waitFor();
  await server.start();
  await b.page.getByRole("button", { name: "Connect now" }).click().catch(() => {}); // it may be back by itself already
  await b.message("into the dark").getByText("Sent").waitFor();
  await ann.say(stream, "there you are");
  await b.hears("there you are");
});

test("a message is recalled on both sides and can be written anew", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  await ben.say(stream, "hello");
  const [a, b] = [await house.guest(ann), await house.guest(ben)];
  await a.open("Ben");
  await b.open("Ann");
  await a.say("a secret slip");
  await b.hears("a secret slip");
  await a.act("a secret slip", "Recall");
  await b.log.getByText("Ann recalled this").waitFor();
  await a.log.getByText("You recalled this").waitFor();
  assert.deepEqual(await b.texts(), ["hello"]);
  await a.page.getByRole("button", { name: "Edit again" }).click();
  assert.equal(await a.box.inputValue(), "a secret slip");
  await a.say("a better word");
  await b.hears("a better word");
});

test("a long history is read page by page, in order", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  for (let n = 0; n < 175; n++) await ann.say(stream, `line ${n}`);
  const b = await house.guest(ben);
  await b.chat("Ann, 175 unread").waitFor();
  await b.open("Ann");
  await b.hears("line 174");
  await b.chat(/^Ann$/).waitFor();
  for (const first of [75, 25, 0]) {
    await b.log.evaluate((el) => (el.scrollTop = 0));
    await b.message(`line ${first}`).first().waitFor();
  }
  await b.log.getByText("This is the beginning.").waitFor();
  assert.deepEqual(await b.texts(), Array.from({ length: 175 }, (_, n) => `line ${n}`));
  await b.page.getByRole("button", { name: "Jump to newest" }).click();
  await b.message("line 174").waitFor();
});

test("somebody removed or blocked is told why a message was not sent", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  await ann.say(await ann.direct(ben), "hi");
  const b = await house.guest(ben);
  await b.open("Ann");
  await ann.call("PUT", `/blocks/${ben.user}`);
  await b.say("do you hear me?");
  await b.log.getByText("Writing is blocked between you.").waitFor();
  await ann.call("DELETE", `/blocks/${ben.user}`);
  await b.act("do you hear me?", "Try again");
  await b.message("do you hear me?").getByText("Sent").waitFor();
});

test("a second tab takes over, and the first can take it back", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  await ann.say(await ann.direct(ben), "hi");
  const first = await house.guest(ben);
  await first.open("Ann");
  const second = await first.page.context().newPage();
  await second.goto("/");
  await second.getByRole("listitem", { name: "Ann" }).waitFor();
  await first.page.getByText("open in another tab").waitFor();
  await first.page.getByRole("button", { name: "Use it here" }).click();
  await second.getByText("open in another tab").waitFor();
  await first.say("back here");
  await first.message("back here").getByText("Sent").waitFor();
});
