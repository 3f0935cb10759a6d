// The server's clock, and moving it forward.

import { html, useEffect, useState } from "../js/view/dom.js";

const STEPS = /** @type {[string, string, number][]} */ ([
  ["+1 min", "a minute", 60], ["+1 h", "an hour", 3600], ["+1 d", "a day", 86_400], ["+7 d", "a week", 604_800],
]);

const shown = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC",
});

/** Like "7 d 3 h". @param {number} ms */
function spell(ms) {
  const minutes = Math.round(ms / 60_000);
  const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"], [minutes % 60, "min"]];
  return parts.filter(([n]) => n).map(([n, unit]) => `${n} ${unit}`).join(" ");
}

/** @param {{desk: import("./desk.js").Desk}} props */
export function ClockBar({ desk }) {
  const [, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  const now = new Date(Date.now() + desk.ahead);
  const ahead = spell(desk.ahead);
  return html`
    <div class="clock" role="group" aria-label="Clock">
      <time datetime=${now.toISOString()}>${shown.format(now)} UTC</time>
      ${ahead && html`<span class="mark held">${ahead} ahead</span>`}
      <span class="clock-steps">
        ${STEPS.map(([label, name, seconds]) => html`<button key=${label} type="button" class="plain small" title=${"Move the clock forward " + name} onClick=${() => desk.run(() => desk.advance(seconds))}>${label}</button>`)}
      </span>
    </div>
  `;
}
