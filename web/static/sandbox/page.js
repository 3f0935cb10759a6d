// The page of `teahouse dev`: two phones, and beside them the desk of whoever writes
// a mini-program.

import { html, render, useEffect, useReducer, useState } from "../js/view/dom.js";
import { AppCard } from "./app.js";
import { ClockBar } from "./clock.js";
import { Desk } from "./desk.js";
import { Events, Gate } from "./log.js";
import { Phone } from "./phone.js";
import { Send } from "./send.js";
import { Tabs } from "./parts.js";
import { Templates } from "./templates.js";

let redraw = () => {};
const desk = new Desk(() => redraw());
const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const asked = new URLSearchParams(location.search);

/** Where the phones are; the address says it too, so that it can be kept. @param {string} side @param {string} user */
function keepAddress(side, user) {
  asked.set(side, user);
  history.replaceState(null, "", "?" + asked);
}

/** @param {string} side @param {string} otherwise */
const holder = (side, otherwise) => {
  const user = asked.get(side) ?? "";
  return desk.people.some((p) => p.user === user) ? user : otherwise;
};

function Sandbox() {
  const [, again] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const [work, setWork] = useState("app");
  const [log, setLog] = useState("gate");
  /** What each phone is to show; a new object is a new wish. */
  const [wish, setWish] = useState(/** @type {{side: string, path: string}|null} */ (null));
  useEffect(() => {
    redraw = () => again(undefined);
    desk.begin();
  }, []);
  const open = (/** @type {string} */ side, /** @type {string} */ path) => setWish({ side, path });
  const decisions = desk.news.filter((i) => i.decision);
  const events = desk.news.filter((i) => i.event);
  const waiting = desk.waiting.length;
  return html`
    <header class="top">
      <h1><img src=${root.dataset.logo} alt="" />Sandbox</h1>
      <${ClockBar} desk=${desk} />
    </header>
    ${desk.problem && html`<p class="trouble" role="alert">${desk.problem}<button type="button" class="quiet small" onClick=${() => { desk.problem = ""; redraw(); }}>Close</button></p>`}
    <main class="bench">
      <div class="phones">
        ${desk.people.length > 0 && ["left", "right"].map((side) => html`<${Phone} key=${side} side=${side} people=${desk.people} first=${holder(side, side === "left" ? "alice" : "bob")} wish=${wish?.side === side ? wish : null} onHold=${keepAddress} />`)}
      </div>
      <div class="desk">
        <section class="card" aria-label="App server">
          <${Tabs} label="App server" now=${work} onPick=${setWork} tabs=${[["app", "App"], ["templates", "Templates", waiting], ["send", "Send", desk.handles.length]]} />
          <div class="card-body">
            ${work === "app" && html`<${AppCard} desk=${desk} onOpen=${open} onGo=${setWork} />`}
            ${work === "templates" && html`<${Templates} desk=${desk} />`}
            ${work === "send" && html`<${Send} desk=${desk} />`}
          </div>
        </section>
        <section class="card" aria-label="What happened">
          <${Tabs} label="What happened" now=${log} onPick=${setLog} tabs=${[["gate", "Gate", decisions.length], ["events", "Webhooks", events.length]]} />
          <div class="card-body">
            ${log === "gate" ? html`<${Gate} desk=${desk} items=${decisions} />` : html`<${Events} desk=${desk} items=${events} />`}
          </div>
        </section>
      </div>
    </main>
  `;
}

render(html`<${Sandbox} />`, root);
