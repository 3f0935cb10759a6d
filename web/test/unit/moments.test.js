// Lists of moments, notices about them, and media that are kept for a while,
// against a server that answers from a script.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Library } from "../../static/js/model/media.js";
import { Moments } from "../../static/js/model/moments.js";
import { Notices } from "../../static/js/model/notices.js";
import { Problem } from "../../static/js/model/problem.js";
import { waves } from "../../static/js/view/blur.js";

/** @param {number} n @returns {any} */
const moment = (n) => ({ post: `p-${n}`, author: "bob", at: new Date(n * 1000).toISOString(), text: "", media: [], likes: [], comments: [] });

/** A timeline of so many moments, of which pages can be read. @param {number[]} posts the newest first */
function timeline(posts) {
  /** @type {string[]} */
  const asked = [];
  const api = {
    /** @param {string} path */
    get: async (path) => {
      asked.push(path);
      const before = /before=p-(\d+)/.exec(path);
      const rest = before ? posts.slice(posts.indexOf(Number(before[1])) + 1) : posts;
      return { items: rest.slice(0, 3).map(moment), next: rest.length > 3 ? `p-${rest[2]}` : null };
    },
    call: async () => {
      throw new Problem("unavailable");
    },
  };
  const moments = new Moments("me", /** @type {any} */ (api), () => {});
  const list = moments.timeline();
  return { moments, list, asked, shown: () => moments.shown(list).map((m) => Number(m.post.slice(2))) };
}

test("a list is read page by page and joined with what is new", async () => {
  const posts = [7, 6, 5, 4, 3, 2, 1];
  const { moments, list, shown } = timeline(posts);
  await moments.refresh(list);
  await moments.more(list);
  assert.deepEqual(shown(), [7, 6, 5, 4, 3, 2]);
  posts.unshift(8);
  posts.splice(posts.indexOf(6), 1); // deleted meanwhile
  await moments.refresh(list);
  assert.deepEqual(shown(), [8, 7, 5, 4, 3, 2], "what was read before stays, without what is gone");
  await moments.more(list);
  assert.deepEqual(shown(), [8, 7, 5, 4, 3, 2, 1]);
  assert.equal(list.next, "");
  posts.unshift(14, 13, 12, 11);
  await moments.refresh(list);
  assert.deepEqual(shown(), [14, 13, 12], "with a hole in between, it begins anew");
  await moments.more(list);
  assert.deepEqual(shown(), [14, 13, 12, 11, 8, 7]);
});

test("a hint waits until somebody wants to see it", async () => {
  const posts = [2, 1];
  const { moments, list } = timeline(posts);
  await moments.refresh(list);
  moments.hint({ author: "bob", post: "p-1" });
  assert.equal(moments.fresh.size, 0, "it is here already");
  posts.unshift(3);
  moments.hint({ author: "bob", post: "p-3" });
  moments.hint({ author: "bob", post: "p-3" });
  assert.equal(moments.fresh.size, 1);
  await moments.refresh(list);
  assert.equal(moments.fresh.size, 0);
});

test("a like that was not stored is taken back", async () => {
  const { moments, list } = timeline([1]);
  await moments.refresh(list);
  const [m] = moments.shown(list);
  const liking = moments.like(m, true);
  assert.deepEqual(moments.get("p-1")?.likes.map((l) => l.user), ["me"]);
  await assert.rejects(liking);
  assert.deepEqual(moments.get("p-1")?.likes, []);
});

/** @param {number} seq @param {string} kind @param {any} body @returns {any} */
const entry = (seq, kind, body) => ({ stream: "@moments", seq, kind, body: kind === "undone" ? body : { post: "p-1", user: "bob", ...body } });

/** @param {number} head @param {number} read @returns {any} */
const stands = (head, read) => ({ stream: "@moments", head, read_seq: read, limited: false });

test("what was undone is not told, whatever comes first", async () => {
  /** @type {(page: any) => void} */
  let answer = () => {};
  const call = (/** @type {string} */ op) => (op === "history" ? new Promise((go) => (answer = go)) : Promise.resolve({}));
  const notices = new Notices("@moments", ["like", "comment", "mention"], { call, stirred: () => {}, changed: () => {} });
  notices.stands(stands(3, 1));
  notices.apply(entry(4, "comment", {}));
  notices.apply(entry(5, "undone", { seq: 3 }));
  answer({ entries: [entry(1, "like", {}), entry(2, "hologram", {}), entry(3, "like", {})] }); // read before it was undone
  await new Promise(setImmediate);
  assert.deepEqual(notices.list.map((e) => e.seq), [4, 1]);
  assert.equal(notices.unread, 1);
  assert.equal(notices.newFrom, 1);
  await notices.read();
  assert.equal(notices.unread, 0);
  assert.equal(notices.newFrom, 1, "new ones stay marked while somebody looks");
  notices.leave();
  assert.equal(notices.newFrom, 5);
});

test("media are read once, and let go of when they are many", async () => {
  let read = 0;
  const api = /** @type {any} */ ({ blob: async () => (read++, new Blob([new Uint8Array(40 << 20)])) });
  const library = new Library(api, () => {});
  const [one, again] = await Promise.all([library.hold("m-a"), library.hold("m-a")]);
  assert.equal(one, again);
  assert.equal(read, 1);
  library.release("m-a");
  assert.equal(await library.hold("m-a"), one, "somebody still looks at it");
  library.release("m-a");
  library.release("m-a");
  assert.equal(await library.hold("m-a"), one, "it is kept for a while");
  await library.hold("m-b");
  library.release("m-a");
  library.release("m-b"); // together they are too much: the one unused for longer goes
  await library.hold("m-b");
  assert.equal(read, 2);
  await library.hold("m-a");
  assert.equal(read, 3);
});

test("a blur is told from what is none", () => {
  const blur = waves("LEHV6nWB2yk8pyo0adR*.7kCMdnj");
  assert.equal(blur?.across, 4);
  assert.equal(blur?.down, 3);
  assert.equal(blur?.colours.length, 12);
  assert.ok(blur?.colours[0].every((v) => v >= 0 && v <= 1));
  for (const none of ["", "LEHV6", "LEHV6nWB2yk8pyo0adR*.7kCMdn", "LEHV6nWB2yk8pyo0adR*.7kCMdn\u00e9"]) assert.equal(waves(none), null);
});
