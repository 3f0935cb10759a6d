// The client rules against random schedules: whatever the network does, a device
// ends with the server's log, each entry once, and with the same number unread.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Chats } from "../../static/js/model/chats.js";
import { Cursors } from "../../static/js/model/cursors.js";
import { Problem } from "../../static/js/model/problem.js";
import { World, chance, pass } from "./world.js";

/** A device on that world. @param {World} world */
function device(world) {
  /** @type {Map<string, number[]>} */
  const applied = new Map();
  const call = (/** @type {string} */ op, /** @type {object} */ data) =>
    world.call(op, data).catch(() => {
      throw new Problem("offline");
    });
  const api = /** @type {any} */ ({
    get: async () => ({ name: "g", settings: {}, admins: [] }),
    list: async () => [...world.streams.keys()].flatMap((s) => world.sync({}).streams.filter((x) => x.stream === s)),
  });
  const chats = new Chats({
    me: "me",
    call,
    api,
    changed: () => {},
    arrived: (e) => void applied.set(e.stream, [...(applied.get(e.stream) ?? []), e.seq]),
  });
  world.deliver = (event, data) => (event === "entry" ? chats.take(data) : chats.sync());
  const connect = async () => {
    world.online = true;
    await call("sync", { cursors: chats.cursors() }).then((page) => chats.welcome(page), () => {});
  };
  return { chats, connect, call, applied };
}

/** @param {number} seed */
async function scenario(seed) {
  const luck = chance(seed);
  const world = new World(luck);
  const streams = ["g-a", "g-b"];
  for (const s of streams) for (let i = luck.below(40); i > 0; i--) world.append(s, "text", "bob", { text: `${i}` });
  world.stream("g-b").floor = Math.min(luck.below(6), world.stream("g-b").log.length); // we were added late
  const { chats, connect, call, applied } = device(world);
  connect();

  for (let step = 0; step < 120; step++) {
    if (step === 40 || step === 41) streams.push(`g-new-${step}`); // somebody puts us into a new group, and at once into another
    const s = streams[luck.below(streams.length)];
    const { log } = world.stream(s);
    const dice = luck.next();
    if (dice < 0.5) world.ring(world.append(s, "text", "bob", { text: `step ${step}` }));
    else if (dice < 0.62) {
      // A message of our own; its answer may get lost, then the same is sent again.
      const message = { stream: s, message_id: `mine-${step}`, kind: "text", body: { text: `mine ${step}` } };
      const send = () => call("send", message).then((sent) => chats.take({ ...sent, id: message.message_id, kind: "text", from: "me", body: message.body }));
      send().catch(() => setTimeout(() => send().catch(() => {}), 900));
    } else if (dice < 0.7 && log.length > 0) {
      const target = log[luck.below(log.length)];
      if (target.kind === "text") world.ring(world.append(s, "recall", target.from, { seq: target.seq }));
    } else if (dice < 0.76) {
      for (let n = luck.below(45); n > 0; n--) world.ring(world.append(s, "text", "bob", { text: "burst" }));
    } else if (dice < 0.82) {
      world.cut();
      await pass(luck.below(500));
      connect();
    } else if (dice < 0.86) world.deliver("resync", { reason: "bus" });
    else if (dice < 0.92 && chats.all.get(s)) chats.read(/** @type {any} */ (chats.all.get(s)));
    await pass(luck.below(4) * 50);
  }

  world.cut(); // whatever was still on its way is lost; the last connection is a good one
  await pass(1500);
  connect();
  await pass(3000);

  for (const s of streams) {
    const { log, floor } = world.stream(s);
    const c = chats.all.get(s);
    if (log.length === 0) continue;
    assert.ok(c, `seed ${seed}: ${s} is not known`);
    const seqs = applied.get(s) ?? [];
    assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b), `seed ${seed}: an entry of ${s} was applied twice or out of order`);
    for (let page = 0; page < 50 && !c.complete; page++) {
      chats.older(c);
      await pass(500);
    }
    assert.deepEqual(c.entries, log.filter((e) => e.seq > floor), `seed ${seed}: the log of ${s} differs from the server's`);
    assert.equal(c.unread, world.unread(world.stream(s)), `seed ${seed}: unread of ${s}`);
  }
}

test("every device ends with the server's log", async () => {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  try {
    for (let seed = 1; seed <= 150; seed++) await scenario(seed);
  } finally {
    mock.timers.reset();
  }
});

/** @param {number} seq @returns {any} */
const entry = (seq, stream = "s") => ({ stream, seq });

/** Cursors whose effects are written down. */
function machine() {
  const log = /** @type {string[]} */ ([]);
  const timers = /** @type {(() => void)[]} */ ([]);
  const cursors = new Cursors({
    apply: (e) => void log.push(`apply ${e.seq}`),
    repair: (s) => void log.push(`repair ${s}`),
    unknown: (s) => void log.push(`unknown ${s}`),
    later: (_, then) => void timers.push(then),
  });
  return { cursors, log, elapse: () => timers.splice(0).forEach((t) => t()) };
}

test("an entry is applied once, in its place", () => {
  const { cursors, log, elapse } = machine();
  cursors.start("s", 4);
  for (const seq of [5, 5, 4, 1, 7, 7, 6, 8, 2]) cursors.take(entry(seq));
  elapse();
  assert.deepEqual(cursors.held("s"), []);
  assert.deepEqual(log, ["apply 5", "apply 6", "apply 7", "apply 8"]);
  assert.deepEqual(cursors.all(), { s: 8 });
});

test("a hole that fills by itself asks for nothing; one that does not is read", () => {
  const { cursors, log, elapse } = machine();
  cursors.start("s", 0);
  cursors.take(entry(2));
  cursors.take(entry(1));
  elapse();
  cursors.take(entry(5));
  elapse();
  assert.deepEqual(log, ["apply 1", "apply 2", "repair s"]);
  cursors.read("s", [entry(3), entry(4)]);
  assert.deepEqual(log.slice(3), ["apply 3", "apply 4", "apply 5"]);
});

test("what the server leaves out before the first entry is stepped over", () => {
  const { cursors, log } = machine();
  cursors.start("s", 2);
  cursors.take(entry(9));
  cursors.read("s", [entry(7), entry(8)]);
  assert.deepEqual(log, ["apply 7", "apply 8", "apply 9"]);
});

test("entries of an unknown stream wait until it is known", () => {
  const { cursors, log } = machine();
  cursors.take(entry(3));
  cursors.take(entry(5));
  cursors.take(entry(4));
  cursors.start("s", 3);
  assert.deepEqual(log, ["unknown s", "unknown s", "unknown s", "apply 4", "apply 5"]);
  cursors.take(entry(1, "t"));
  cursors.dropUnknown();
  cursors.start("t", 0);
  assert.equal(log.at(-1), "unknown t");
});
