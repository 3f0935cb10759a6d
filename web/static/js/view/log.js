// The log of a conversation: days, messages, what happened in between. It stays
// at its newest end while one is there, and reads older pages when one scrolls up.

import { html, cls, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { Going } from "./attached.js";
import { Icon } from "./icons.js";
import { Message } from "./message.js";
import { isMessage } from "../model/conversation.js";
import { clock, day, dayName } from "../text/time.js";
import { happened } from "../text/sentences.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/conversation.js").Conversation} Conversation */
/** @typedef {import("../model/types.js").Entry} Entry */
/** @typedef {import("../model/outbox.js").Item} Item */

const GROUPED_MS = 5 * 60_000; // messages of one person within this time stand together
const NEAR_TOP = 400; // px from the top at which older entries are read
const NEAR_END = 80; // px from the end that still count as being there

/** @typedef {{key: string, type: "day"|"new"|"line"|"message", text?: string, e?: Entry, item?: Item, first?: boolean, last?: boolean}} Row */

/** What to show, in order. @param {Client} client @param {Conversation} c @param {number|null} newFrom seq behind which entries were new when the log was opened */
function rowsOf(client, c, newFrom) {
  /** @type {Row[]} */
  const rows = [];
  let today = "";
  let told = newFrom === null;
  /** @type {Row|null} */
  let before = null;
  const put = (/** @type {Row} */ row, /** @type {string} */ at, /** @type {string} */ from) => {
    if (day(at) !== today) {
      today = day(at);
      rows.push({ key: "day-" + today, type: "day", text: dayName(at) });
      before = null;
    }
    const last = /** @type {Row|null} */ (before);
    const near = last?.e && row.type === "message" && last.e.from === from && Date.parse(at) - Date.parse(last.e.at) < GROUPED_MS;
    row.first = !near;
    row.last = true;
    if (near && last) last.last = false;
    rows.push(row);
    before = row.type === "message" ? row : null;
  };
  for (const e of c.entries) {
    if (!told && e.seq > (newFrom ?? 0) && isMessage(e) && e.from !== client.user) {
      rows.push({ key: "new", type: "new", text: words.newBelow });
      told = true;
      before = null;
    }
    const text = happened(e, c, client.people);
    if (text) put({ key: e.id, type: "line", text }, e.at, e.from);
    else if (e.kind !== "recall" && e.kind !== "takedown") put({ key: e.id, type: "message", e }, e.at, e.from);
  }
  for (const item of client.outbox.of(c.stream)) {
    const e = { ...item, seq: 0, count: 0, from: client.user };
    put({ key: item.id, type: "message", e, item }, item.at, client.user);
  }
  return rows;
}

/** What became of an own message. @param {Client} client @param {Conversation} c @param {Row} row @param {number} lastSeen */
function fate(client, c, { e, item }, lastSeen) {
  if (item) return item.failed ? "failed" : client.session.state === "online" ? "sending" : "waiting";
  if (e?.from !== client.user || !isMessage(e) || ["recalled", "removed"].includes(e.kind)) return "";
  return c.kind === "direct" && e.seq <= lastSeen ? "seen" : "sent";
}

/** @param {{client: Client, c: Conversation, onReply: (e: Entry) => void}} props */
export function Log({ client, c, onReply }) {
  const box = useRef(/** @type {any} */ (null));
  const place = useRef({ atEnd: true, firstSeq: 0, height: 0 });
  const [atEnd, setAtEnd] = useState(true);
  const [newFrom] = useState(c.unread > 0 ? Math.max(c.readSeq, c.floor) : null);
  const [active, setActive] = useState("");
  const rows = rowsOf(client, c, newFrom);
  const messages = rows.filter((r) => r.type === "message");
  const current = messages.some((r) => r.key === active) ? active : messages.at(-1)?.key;
  const firstSeq = c.entries[0]?.seq ?? 0;

  const look = () => {
    const el = box.current;
    const now = place.current;
    now.atEnd = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END;
    setAtEnd(now.atEnd);
    const online = client.session.state === "online";
    if (online && el.scrollTop < NEAR_TOP && !c.complete && !c.loading) client.chats.older(c);
    const seen = document.visibilityState === "visible" && document.hasFocus();
    if (online && seen && now.atEnd && c.readSeq < c.head) client.chats.read(c);
  };

  useLayoutEffect(() => {
    const el = box.current;
    const now = place.current;
    if (firstSeq < now.firstSeq && !now.atEnd) el.scrollTop += el.scrollHeight - now.height;
    else if (now.atEnd) el.scrollTop = el.scrollHeight;
    now.firstSeq = firstSeq;
    now.height = el.scrollHeight;
    look();
  });
  useEffect(() => {
    const el = box.current;
    const watch = new ResizeObserver(() => {
      if (place.current.atEnd) el.scrollTop = el.scrollHeight;
    });
    watch.observe(el);
    return () => watch.disconnect();
  }, []);
  const going = client.sending.of(c.stream);
  const mine = client.outbox.of(c.stream).length + going.length;
  useLayoutEffect(() => {
    if (mine) toEnd(); // what one has just written is shown
  }, [mine]);

  const toEnd = () => {
    place.current.atEnd = true;
    box.current.scrollTop = box.current.scrollHeight;
  };

  /** @param {KeyboardEvent} e */
  const onKeyDown = (e) => {
    const all = /** @type {HTMLElement[]} */ ([...box.current.querySelectorAll(".message")]);
    const i = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowUp: i - 1, ArrowDown: i + 1, Home: 0, End: all.length - 1 }[e.key];
    if (i < 0 || to === undefined || !all[to]) return;
    e.preventDefault();
    all[to].focus();
  };

  return html`
    <div class="log-frame">
      <div ref=${box} class="log" role="log" aria-label=${words.conversationWith(client.people.title(c))} aria-busy=${String(c.loading)}
        onScroll=${look} onKeyDown=${onKeyDown}>
        ${c.complete ? html`<p class="beginning">${words.beginning}</p>` : html`<p class="beginning" aria-hidden="true">${c.loading && "…"}</p>`}
        ${rows.map((row) =>
          row.type === "message"
            ? html`<${Message} key=${row.key} client=${client} c=${c} e=${row.e} item=${row.item} first=${row.first} last=${row.last}
                name=${client.people.name(row.e?.from ?? "", c)} time=${clock(row.e?.at ?? "")} fate=${fate(client, c, row, c.peerRead)}
                quoted=${row.e?.body.reply_to && c.find(row.e.body.reply_to)} current=${row.key === current}
                onFocus=${setActive} onReply=${onReply} failed=${row.item?.failed} />`
            : html`<p key=${row.key} class=${cls("between", row.type)} dir="auto"><span>${row.text}</span></p>`,
        )}
        ${going.map((p) => html`<${Going} key=${p.id} client=${client} parcel=${p} />`)}
      </div>
      ${!atEnd &&
      html`
        <button type="button" class="jump" onClick=${toEnd}>
          <${Icon} name="down" />${words.jump}${c.unread > 0 && html`<b class="badge">${c.unread}</b>`}
        </button>
      `}
    </div>
  `;
}
