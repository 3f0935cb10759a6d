// What the page of a mini-program may ask for.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Allowance, itemsWanted, pageWanted, request } from "../../static/js/model/page-api.js";
import { addressOf, isApp, isPage } from "../../static/js/model/programs.js";

test("a message is a request only if it has its form", () => {
  assert.deepEqual(request({ teahouse: 1, id: 7, op: "login" }), { id: 7, op: "login", data: {} });
  assert.deepEqual(request({ teahouse: 1, id: "a", op: "open", data: { page: "/x" } }), { id: "a", op: "open", data: { page: "/x" } });
  const odd = [
    null, 1, "login", [], {}, { id: 1, op: "login" }, { teahouse: "1", id: 1, op: "login" }, { teahouse: 1, op: "login" }, { teahouse: 1, id: 1.5, op: "login" },
    { teahouse: 1, id: {}, op: "login" }, { teahouse: 1, id: "x".repeat(65), op: "login" }, { teahouse: 1, id: 1, op: "decide" }, { teahouse: 1, id: 1, op: "toString" },
    { teahouse: 1, id: 1, op: ["login"] },
  ];
  for (const message of odd) assert.equal(request(message), null, JSON.stringify(message));
});

test("a page is a path of the app, and of nothing else", () => {
  for (const page of ["/", "/queue", "/queue?no=A17", "/a/b.html?to=https://example.org/..", "/%2e"]) assert.ok(isPage(page), page);
  for (const page of ["", "queue", "//example.org", "/a b", "/a\\b", "/a#b", "/../x", "/a/..", "https://example.org/", "/ü", "/" + "x".repeat(512), 1, null, undefined]) {
    assert.ok(!isPage(page), String(page));
  }
  assert.equal(pageWanted({ page: "//example.org" }), null);
  const app = "app-" + "a".repeat(26);
  for (const page of ["/", "/queue?no=A17", "/a/b"]) assert.ok(new URL(addressOf(app, page), "https://tea.example").pathname.startsWith(`/m/${app}/`));
  assert.ok(isApp(app));
  for (const id of ["app-x", "alice", app + "a", app.toUpperCase()]) assert.ok(!isApp(id), id);
});

test("what is asked for is taken apart, and nothing is taken along", () => {
  const item = { template: "t-1", subject: "A17", locked: { table: { code: "A17" } } };
  assert.deepEqual(itemsWanted({ items: [{ ...item, app: "other", uses: 99 }] }), [item]);
  assert.deepEqual(itemsWanted({ items: [{ template: "t-1", subject: "A17" }] }), [{ template: "t-1", subject: "A17", locked: {} }]);
  const odd = [
    undefined, {}, [], [item, item, item, item], [null], [1], [{ ...item, template: 1 }], [{ ...item, subject: null }], [{ ...item, locked: [] }],
    [{ ...item, locked: { table: "A17" } }], [{ ...item, locked: { table: { code: 17 } } }],
  ];
  for (const items of odd) assert.equal(itemsWanted({ items }), null, JSON.stringify(items));
});

test("a page asks a few times at once, and then so many times a second", () => {
  const a = new Allowance(0);
  const taken = (/** @type {number} */ now) => Array.from({ length: 50 }, () => a.take(now)).filter(Boolean).length;
  assert.equal(taken(0), 12);
  assert.equal(taken(1000), 3);
  assert.equal(taken(500), 0); // a clock that goes back gives nothing
  assert.equal(taken(3_600_000), 12);
});
