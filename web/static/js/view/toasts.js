// Short words about what has just happened; they go away by themselves.

import { html, useEffect, useState } from "./dom.js";

const SHOWN_MS = 4500;

/** @type {(text: string, bad: boolean) => void} */
let show = () => {};

/** @param {string} text */
export const toast = (text) => show(text, false);
/** @param {string} text */
export const complain = (text) => show(text, true);

export function Toasts() {
  const [shown, setShown] = useState(/** @type {{key: number, text: string, bad: boolean}[]} */ ([]));
  useEffect(() => {
    let key = 0;
    show = (text, bad) => {
      const one = { key: key++, text, bad };
      setShown((all) => [...all.slice(-2), one]);
      setTimeout(() => setShown((all) => all.filter((t) => t !== one)), SHOWN_MS);
    };
  }, []);
  return html`
    <div class="toasts" role="status">
      ${shown.map((t) => html`<p key=${t.key} class=${t.bad ? "toast bad" : "toast"}>${t.text}</p>`)}
    </div>
  `;
}
