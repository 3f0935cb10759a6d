// Pieces that several cards are made of.

import { html, cls, useState } from "../js/view/dom.js";

/**
 * @param {object} props
 * @param {string} props.label
 * @param {string} props.now
 * @param {[string, string, number?][]} props.tabs key, name, and how many there are
 * @param {(key: string) => void} props.onPick
 */
export function Tabs({ label, now, tabs, onPick }) {
  const step = (/** @type {KeyboardEvent} */ e) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!by) return;
    const next = (tabs.findIndex(([key]) => key === now) + by + tabs.length) % tabs.length;
    onPick(tabs[next][0]);
    /** @type {any} */ (e.currentTarget).children[next].focus();
  };
  return html`
    <div class="tabs" role="tablist" aria-label=${label} onKeyDown=${step}>
      ${tabs.map(([key, name, count]) => html`
        <button key=${key} type="button" role="tab" aria-selected=${String(key === now)} tabindex=${key === now ? 0 : -1} onClick=${() => onPick(key)}>
          ${name}${!!count && html` <span class="count">${count}</span>`}</button>
      `)}
    </div>
  `;
}

/** Something to copy. @param {{label: string, text: string, hidden?: boolean}} props */
export function Copied({ label, text, hidden = false }) {
  const [shown, setShown] = useState(!hidden);
  const [done, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return html`
    <div class="fact">
      <dt>${label}</dt>
      <dd><code>${shown ? text : "•".repeat(16)}</code>${" "}
        ${hidden && html`<button type="button" class="link" aria-label=${`${shown ? "Hide" : "Show"} ${label}`} onClick=${() => setShown(!shown)}>${shown ? "Hide" : "Show"}</button>`}${" "}
        <button type="button" class="link" aria-label=${"Copy " + label} onClick=${copy}>${done ? "Copied" : "Copy"}</button></dd>
    </div>
  `;
}

/** What something has become. @param {{kind: "good"|"held"|"bad"|"plain", children?: any}} props */
export const Mark = ({ kind, children }) => html`<span class=${cls("mark", kind)}>${children}</span>`;

/** JSON as people read it. @param {{value: unknown, label: string}} props */
export const Json = ({ value, label }) => html`<pre class="json" tabindex="0" aria-label=${label}>${JSON.stringify(value, null, 2)}</pre>`;

/** The time of day by the server's clock, like 18:05:10. @param {string} at */
export const time = (at) => at.slice(11, 19);
