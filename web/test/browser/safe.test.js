// What nobody should be able to do, and what everybody should be able to use.

import assert from "node:assert/strict";
import { test } from "node:test";
import { picture } from "./files.js";
import { PHONE, faults } from "./people.js";
import { uuid7 } from "./server.js";
import { stage } from "./stage.js";

const { server, house } = stage();

const HOSTILE = [
  "<img src=x onerror=document.title='gotcha'>",
  "<script>document.title='gotcha'</script>",
  "javascript:document.title='gotcha'",
  "https://example.org/\"onmouseover=\"document.title='gotcha'",
  "${document.title='gotcha'} {{constructor.constructor('document.title=1')()}}",
  "</p></article><style>*{display:none}</style>",
];

test("what people write never becomes part of the page", async () => {
  const [ann, ben] = await server.friends(HOSTILE[0].slice(0, 60), "Ben");
  const stream = await ann.direct(ben);
  for (const text of HOSTILE) await ann.say(stream, text);
  await ann.group(HOSTILE[1].slice(0, 60), ben);
  const b = await house.guest(ben);
  await b.page.getByRole("list", { name: "Chats" }).getByRole("link").nth(1).click();
  await b.hears(HOSTILE[5]);
  assert.deepEqual(await b.texts(), HOSTILE);
  assert.equal(await b.log.locator("img, script, style, [onerror], [onmouseover]").count(), 0);
  for (const href of await b.log.locator("a").evaluateAll((all) => all.map((a) => /** @type {HTMLAnchorElement} */ (a).href))) assert.match(href, /^https:\/\/example\.org\//);
  await b.go("Contacts");

  for (const text of HOSTILE) {
    const { post } = await ann.call("POST", "/moments", { text, audience: { kind: "friends" }, location: { lat: 1, lng: 2, name: text } });
    await ben.call("POST", `/moments/${post}/comments`, { text });
  }
  await b.go("Moments");
  const moments = b.page.getByRole("article");
  await moments.nth(HOSTILE.length - 1).waitFor();
  assert.deepEqual(await moments.locator(".moment-text").allTextContents(), HOSTILE.toReversed());
  assert.deepEqual(await moments.locator(".said-words").allTextContents(), HOSTILE.toReversed());
  assert.equal(await moments.locator("img, script, style, [onerror], [onmouseover]").count(), 0);
  assert.doesNotMatch(await b.page.title(), /gotcha/);
});

test("the policy of the page forbids scripts of others", async () => {
  const b = await house.visitor();
  b.expected = /Content Security Policy|Trusted(HTML|Script| Type)/;
  const ran = await b.page.evaluate(async () => {
    const script = document.createElement("script");
    try {
      script.textContent = "globalThis.ran = true";
    } catch {
      // refused already here
    }
    document.head.append(script);
    try {
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='globalThis.ran = true'>");
    } catch {
      // markup from text is refused
    }
    const elsewhere = await fetch("https://example.org/").then(() => true, () => false);
    return { script: Boolean(/** @type {any} */ (globalThis).ran), elsewhere };
  });
  assert.deepEqual(ran, { script: false, elsewhere: false });
});

test("a device that is signed out elsewhere is shown the door at once", async () => {
  const [ben] = await server.friends("Ben", "Ann");
  const b = await house.guest(ben);
  b.expected = /401/;
  const { items } = await ben.call("GET", "/sessions");
  const session = items.find((/** @type {any} */ s) => !s.current).session;
  await ben.call("DELETE", `/sessions/${session}`);
  await b.page.getByText("You were signed out on this device.").waitFor();
  assert.equal(await b.page.evaluate(() => localStorage.getItem("teahouse.sign-in")), null);
});

test("a wrong password says so and keeps what was typed", async () => {
  const [ben] = await server.friends("Ben", "Ann");
  const b = await house.visitor();
  b.expected = /401/;
  await b.page.getByLabel("User").fill(ben.user);
  await b.page.getByLabel("Password").fill("not this one");
  await b.page.getByRole("button", { name: "Sign in" }).click();
  await b.page.getByRole("alert").getByText("User or password is wrong.").waitFor();
  assert.equal(await b.page.getByLabel("User").inputValue(), ben.user);
});

test("kinds of message from later versions are passed over", async () => {
  const [ann, ben] = await server.friends("Ann", "Ben");
  const stream = await ann.direct(ben);
  await ann.call("POST", `/conversations/${stream}/messages`, { message_id: uuid7(), kind: "location", body: { lat: 31.2304, lng: 121.4737, name: "Old bridge" } });
  await ann.call("POST", `/conversations/${stream}/messages`, { message_id: uuid7(), kind: "contact", body: { user: ann.user } });
  const b = await house.visitor();
  // The page is told of a kind that does not exist yet.
  await b.page.routeWebSocket(/\/v1\/ws$/, (ws) => {
    const onward = ws.connectToServer();
    onward.onMessage((m) => ws.send(String(m).replaceAll('"kind":"contact"', '"kind":"hologram"')));
  });
  await b.signIn(ben);
  await b.open("Ann");
  await b.log.getByText("Old bridge").waitFor();
  await b.log.getByText("This cannot be shown here yet").waitFor();
  await ann.say(stream, "and on we go");
  await b.hears("and on we go");
});

for (const [kind, options] of /** @type {const} */ ([
  ["a desk", { colorScheme: "light" }],
  ["a desk at night", { colorScheme: "dark" }],
  ["a phone", { ...PHONE, colorScheme: "light" }],
  ["a phone at night", { ...PHONE, colorScheme: "dark" }],
])) {
  test(`axe finds nothing serious on any page, on ${kind}`, async () => {
    const [ann, ben, cem] = await server.friends("Ann", "Ben", "Cem");
    const dee = await server.account("Dee");
    await dee.call("POST", "/contact-requests", { to: ben.user, greeting: "hello" });
    const stream = await ann.direct(ben);
    for (const text of ["one", "https://example.org/tea", "three"]) await ann.say(stream, text);
    const mine = await ben.say(stream, "four");
    await ben.call("POST", `/conversations/${stream}/messages/${mine.seq}/recall`);
    await ben.say(stream, "five");
    await cem.say(await cem.direct(ben), "unread");
    const group = await ben.group("Tea at four", ann, cem);
    await ann.say(group, "who brings the cups?");
    await ann.call("PATCH", `/contacts/${ben.user}`, { tags: ["family"] });
    const theirs = await ann.call("POST", "/moments", { text: "https://example.org/spring", mentions: [ben.user], audience: { kind: "friends" } });
    const ours = await ben.call("POST", "/moments", { text: "Only some see this", audience: { kind: "only", users: [ann.user], mode: "snapshot" } });
    await ann.call("PUT", `/moments/${ours.post}/like`);
    const { id } = await ann.call("POST", `/moments/${ours.post}/comments`, { text: "I do" });
    await ben.call("POST", `/moments/${ours.post}/comments`, { text: "I know", reply_to: id });
    await ben.call("PATCH", `/contacts/${cem.user}`, { tags: ["walks"], starred: true });

    const b = await house.visitor(options);
    const look = async (/** @type {string} */ where) => assert.deepEqual(await faults(b.page), [], where);
    await look("the door");
    await b.page.getByRole("button", { name: "Create account" }).click();
    await look("making an account");
    await b.page.getByRole("button", { name: "Sign in" }).click();
    await b.signIn(ben);
    await b.chat(/Cem/).waitFor();
    await look("chats");
    await b.open("Ann");
    await b.hears("five");
    await look("a conversation");
    await b.message("five").focus();
    await b.page.keyboard.press("Enter");
    await b.page.getByRole("menu").waitFor();
    await look("a message's menu");
    await b.page.goto(`/chats/${group}/details`);
    await b.page.getByRole("list", { name: "Members" }).getByRole("link", { name: "Ann" }).waitFor();
    await look("a group's details");
    await b.page.goto("/contacts");
    await b.page.getByRole("group", { name: "Dee" }).waitFor();
    await look("contacts");
    await b.page.getByRole("button", { name: "Add contact" }).click();
    await b.page.getByRole("dialog").waitFor();
    await look("adding a contact");
    await b.page.goto(`/contacts/${ann.user}`);
    await b.page.getByText("Friends since").waitFor();
    await look("a contact");
    await b.page.goto("/moments");
    await b.page.getByRole("article").nth(1).waitFor();
    await look("moments");
    await b.page.getByRole("textbox", { name: "Share something" }).fill("with a picture");
    await b.page.locator(".share input[type=file]").setInputFiles(picture("a.png", 300, 200));
    await b.page.getByRole("button", { name: "Post", disabled: false }).waitFor();
    await b.page.getByRole("article").first().getByRole("button", { name: "Comment" }).click();
    await look("sharing and commenting");
    await b.page.getByRole("button", { name: /Who may see it/ }).click();
    await b.page.getByRole("radio", { name: "Only some" }).check();
    await b.page.getByRole("button", { name: "#walks" }).click();
    await b.page.getByText("Seen by 1: Cem").waitFor();
    await look("choosing an audience");
    await b.page.goto(`/moments/post/${ours.post}`);
    await b.page.getByRole("button", { name: "More", exact: true }).click();
    await look("a moment's menu");
    await b.page.getByRole("menuitem", { name: "Who sees this" }).click();
    await b.page.getByRole("dialog").getByText("You chose them").or(b.page.getByRole("dialog").getByText("They were among")).waitFor();
    await look("who sees a moment");
    await b.page.goto("/moments/notices");
    await b.page.getByText("mentioned you").waitFor();
    await look("notifications");
    await b.page.goto(`/moments/by/${ann.user}`);
    await b.page.getByRole("article").waitFor();
    await look("a friend's moments");
    await b.page.goto(`/moments/as/${cem.user}`);
    await b.page.getByText("Nothing to see").waitFor();
    await look("as a friend sees it");
    b.expected = /404/;
    await b.page.goto(`/moments/post/${theirs.post}x`);
    await b.page.getByText("This moment is not here").waitFor();
    await look("no moment");
    b.expected = null;
    await b.page.goto("/groups/new");
    await b.page.getByRole("checkbox").first().waitFor();
    await look("a new group");
    await b.page.goto("/me");
    await b.page.getByText("This device").waitFor();
    await look("me");
  });
}
