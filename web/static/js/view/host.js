// The host of a mini-program's page: the page in a frame of its own, and outside
// of it what belongs to us: the bar with the registered name, and the question
// whether one wants to look at what the page asks for.
//
// The frame is sandboxed and of no origin: it reads nothing of ours, opens
// nothing, and talks to us by messages alone (docs/mini-programs-page-api.md).

import { html, useEffect, useRef, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Consent, useSettled } from "./consent.js";
import { Icon } from "./icons.js";
import { Menu } from "./menu.js";
import { Nothing } from "./nothing.js";
import { SendCard } from "./share-page.js";
import { complain } from "./toasts.js";
import { go, route } from "./router.js";
import { useFocusOn } from "./use.js";
import { Allowance, itemsWanted, pageWanted, request } from "../model/page-api.js";
import { asProblem, Problem } from "../model/problem.js";
import { addressOf, isPage } from "../model/programs.js";
import { complaint, words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").Sheet} Sheet */
/** @typedef {import("../model/page-api.js").Request} Request */

/** Who was told No so often is not heard any more on this visit. */
const NOS_MOST = 2;

/** What an app has used up on this visit, over all its pages. @type {Map<string, {allowance: Allowance, nos: number}>} */
const visits = new Map();

/** @param {string} app */
function visitOf(app) {
  let v = visits.get(app);
  if (!v) visits.set(app, (v = { allowance: new Allowance(performance.now()), nos: 0 }));
  return v;
}

const theme = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

/**
 * The page asks to send something. Whoever wants to know what taps here, in the
 * host: that tap is the one that counts, and the page learns of none.
 * @param {{app: string, name: string, onLook: () => void, onClose: () => void}} props
 */
function Chip({ app, name, onLook, onClose }) {
  const [settled, tapped] = useSettled("chip");
  const look = (/** @type {Event} */ e) => {
    if (!e.isTrusted) return;
    if (settled) onLook();
    else tapped();
  };
  return html`
    <div class="ask-chip">
      <${Avatar} id=${app} name=${name} group size="small" />
      <p><b dir="auto">${name}</b>${words.wouldLikeToSend}</p>
      <button type="button" class="primary small" aria-disabled=${String(!settled)} onClick=${look}>${words.look}</button>
      <button type="button" class="quiet round" aria-label=${words.notNow} title=${words.notNow} onClick=${onClose}><${Icon} name="close" /></button>
    </div>
  `;
}

/**
 * The frame. A page is loaded once, by us; a frame that loads again was led away
 * by its page, and is taken out.
 * @param {object} props
 * @param {string} props.app
 * @param {string} props.page
 * @param {string} props.title
 * @param {(r: Request) => Promise<object>|object} props.onRequest
 * @param {() => boolean} props.deaf nothing is heard at the moment
 * @param {() => void} props.onLeft
 */
function Frame({ app, page, title, onRequest, deaf, onLeft }) {
  const frame = useRef(/** @type {any} */ (null));
  const loads = useRef(0);
  const handler = useRef(onRequest);
  handler.current = onRequest;
  const address = addressOf(app, page);
  useEffect(() => {
    const here = frame.current.contentWindow;
    const { allowance } = visitOf(app);
    const hear = async (/** @type {MessageEvent} */ m) => {
      if (m.source !== here || m.origin !== "null" || deaf()) return;
      const r = request(m.data);
      if (!r) return;
      const reply = (/** @type {object} */ what) => here.postMessage({ teahouse: 1, id: r.id, ...what }, "*"); // it has no origin that could be named
      if (!allowance.take(performance.now())) return reply({ error: { code: "rate_limited" } });
      try {
        reply({ data: await handler.current(r) });
      } catch (err) {
        reply({ error: { code: asProblem(err).code } });
      }
    };
    addEventListener("message", hear);
    return () => removeEventListener("message", hear);
  }, []);
  const loaded = () => {
    if (loads.current++ > 0) onLeft();
  };
  return html`<iframe ref=${frame} class="page-frame" title=${title} src=${address} sandbox="allow-scripts allow-forms" referrerpolicy="no-referrer" allow="" onLoad=${loaded}></iframe>`;
}

/** @param {string} code @returns {never} */
const refuse = (code) => {
  throw new Problem(code);
};

/** @param {{client: Client, app: string, page: string}} props */
export function Host({ client, app, page }) {
  const { programs } = client;
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState(/** @type {""|"there"|"gone"|"left"} */ (""));
  const [asked, setAsked] = useState(/** @type {any[]|null} */ (null));
  const [sheet, setSheet] = useState(/** @type {Sheet|null} */ (null));
  const [sharing, setSharing] = useState(false);
  const heading = useFocusOn(app + page);
  const asking = useRef(false);
  const visit = visitOf(app);
  useEffect(() => () => {
    const next = route();
    if (next.app !== app || !next.open) visits.delete(app);
  }, []);
  useEffect(() => {
    // Is there such a page? What else a frame would show of the answer is not for people.
    const look = isPage(page) ? fetch(addressOf(app, page), { method: "HEAD", credentials: "omit" }) : Promise.reject();
    Promise.all([look.then((r) => r.ok, () => isPage(page)), programs.look(app).catch(() => {})]).then(([there]) => setState(there ? "there" : "gone"));
  }, [turn]);
  const p = programs.get(app);
  const name = p?.name ?? "";
  const close = () => go({ page: "mini-programs", app });
  const again = () => {
    setState("");
    setAsked(null);
    setTurn(turn + 1);
  };

  const look = async () => {
    if (!asked || asking.current) return;
    asking.current = true;
    setAsked(null);
    try {
      setSheet(await programs.ask(app, page, asked));
    } catch (err) {
      asking.current = false;
      complain(complaint(err));
    }
  };
  const decided = (/** @type {boolean} */ allowed) => {
    asking.current = false;
    if (!allowed) visit.nos++;
    setSheet(null);
  };

  const onRequest = async (/** @type {Request} */ { op, data }) => {
    switch (op) {
      case "login":
        return programs.login(app);
      case "notify": {
        const items = itemsWanted(data) ?? refuse("bad_request");
        if (visit.nos < NOS_MOST && !p?.muted && !p?.blocked) setAsked(items);
        return { asked: true }; // whatever becomes of it
      }
      case "open": {
        const to = pageWanted(data) ?? refuse("page_invalid");
        setTimeout(() => (to === page ? again() : go({ page: "mini-programs", app, open: to }))); // answered first
        return {};
      }
      case "close":
        setTimeout(close);
        return {};
      case "theme":
        return { theme: theme() };
    }
    return { app, page, locale: words.code === "zh" ? "zh-Hans" : navigator.language.startsWith("en") ? navigator.language : "en", theme: theme() };
  };

  const items = () => [
    { label: words.openAgain, icon: "again", act: again },
    { label: words.sendToChat, icon: "chats", act: () => setSharing(true) },
    {
      label: words.shareToMoments,
      icon: "moments",
      act: () => {
        client.moments.draft.card = { app, title: name, page };
        go({ page: "moments" });
      },
    },
    { label: words.aboutApp, icon: "info", act: close },
  ];
  const left = () => {
    setAsked(null);
    setState("left");
  };
  const nothing = (/** @type {string} */ title, /** @type {string} */ hint) => html`<${Nothing} picture="img/leaves.svg" title=${title} hint=${hint} />`;
  return html`
    <header class="talk-head host-bar">
      <${Avatar} id=${app} name=${name} group size="small" />
      <div class="talk-title"><h2 tabindex="-1" ref=${heading} dir="auto">${name}</h2></div>
      <div class="host-tools">
        ${p?.page && html`<${Menu} label=${words.more} items=${items} />`}
        <button type="button" class="quiet round" aria-label=${words.close} title=${words.close} onClick=${close}><${Icon} name="close" /></button>
      </div>
    </header>
    <div role="status">${asked && html`<${Chip} app=${app} name=${name} onLook=${look} onClose=${() => { visit.nos++; setAsked(null); }} />`}</div>
    <div class="page-place" aria-busy=${String(!state)}>
      ${p && state === "there" && html`<${Frame} key=${turn} app=${app} page=${page} title=${words.pageOf(name)} onRequest=${onRequest} deaf=${() => asking.current} onLeft=${left} />`}
      ${!p && state && nothing(words.noSuchProgram, words.noSuchProgramHint)}
      ${p && state === "gone" && nothing(words.pageGone, p.page ? words.pageGoneHint : words.noPagesYet)}
      ${state === "left" && html`${nothing(words.pageLeft, words.pageLeftHint)}<p class="page-again"><button type="button" class="primary" onClick=${again}>${words.openAgain}</button></p>`}
    </div>
    ${sheet && html`<${Consent} client=${client} app=${app} sheet=${sheet} onEnd=${decided} />`}
    ${sharing && html`<${SendCard} client=${client} app=${app} page=${page} name=${name} onClose=${() => setSharing(false)} />`}
  `;
}
