// Small things that people read: links, ids, the pause between two connections.

import assert from "node:assert/strict";
import { test } from "node:test";
import { onlyEmoji, pieces } from "../../static/js/text/links.js";
import { uuid7 } from "../../static/js/model/uuid.js";
import { browser } from "../../static/js/model/keep.js";
import { backoff } from "../../static/js/model/session.js";

test("only web addresses become links, without what only ends the sentence", () => {
  const hrefs = (/** @type {string} */ text) => pieces(text).flatMap((p) => p.href ?? []);
  assert.deepEqual(hrefs("see https://example.org/a?b=c#d, and (http://x.example)."), ["https://example.org/a?b=c#d", "http://x.example"]);
  assert.deepEqual(hrefs("看 https://example.org/茶。再说"), ["https://example.org/茶"]);
  assert.deepEqual(hrefs("javascript:alert(1) data:text/html,x ftp://x.example https:// http://"), []);
  for (const text of ["a https://x.example/ b", "no links", "", "https://x.example"]) assert.equal(pieces(text).map((p) => p.text).join(""), text);
});

test("mentions are found by their names, the longer one first", () => {
  assert.deepEqual(pieces("hi @Bob Lee and @Bob", ["Bob Lee", "Bob"]), [
    { text: "hi " }, { text: "@Bob Lee", mention: true }, { text: " and " }, { text: "@Bob", mention: true },
  ]);
});

test("a few emoji alone are shown large", () => {
  for (const text of ["🫖", "👩‍👩‍👧‍👦 🏳️‍🌈", "👍🏽"]) assert.ok(onlyEmoji(text), text);
  for (const text of ["a🫖", "12", "", " ", "🫖".repeat(20)]) assert.ok(!onlyEmoji(text), text);
});

test("ids are UUIDs of version 7 that carry their time", () => {
  const id = uuid7(0x0123456789ab);
  assert.match(id, /^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(uuid7(), uuid7());
});

test("the pause grows from half a second to at most twenty", () => {
  for (let failures = 0; failures < 40; failures++) {
    assert.equal(backoff(failures, () => 0), 500);
    assert.ok(backoff(failures, () => 0.999999) <= 20_000);
  }
  assert.ok(backoff(0, () => 0.999) <= 1000);
  assert.ok(backoff(9, () => 0.999) > 19_900);
});

test("a device is called what it is", () => {
  assert.equal(browser("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"), "Chrome on Linux");
  assert.equal(browser("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Mobile Safari/604.1"), "Safari on iPhone");
  assert.equal(browser("curl/8"), "Browser");
});
