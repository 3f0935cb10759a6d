// Dialogs: a modal one for anything, and the question whether something that
// cannot be undone is really meant.

import { html, useEffect, useId, useState } from "./dom.js";
import { Icon } from "./icons.js";
import { useModal } from "./use.js";
import { words } from "../text/words.js";

/** The browser keeps the focus inside. @param {{title: string, onClose: () => void, children?: any}} props */
export function Dialog({ title, onClose, children }) {
  const ref = useModal();
  const id = useId();
  const outside = (/** @type {MouseEvent} */ e) => e.target === ref.current && onClose();
  return html`
    <dialog ref=${ref} class="dialog" aria-labelledby=${id} onClose=${onClose} onMouseDown=${outside}>
      <div class="dialog-body">
        <header>
          <h2 id=${id}>${title}</h2>
          <button type="button" class="quiet round" aria-label=${words.close} onClick=${onClose}><${Icon} name="close" /></button>
        </header>
        ${children}
      </div>
    </dialog>
  `;
}

/** @typedef {{title: string, text: string, action: string, answer: (yes: boolean) => void}} Question */

/** @type {(q: Question) => void} */
let pose = (q) => q.answer(false);

/** Is it really meant? @param {string} title @param {string} text @param {string} [action] @returns {Promise<boolean>} */
export const sure = (title, text, action = title) => new Promise((answer) => pose({ title, text, action, answer }));

export function Questions() {
  const [q, setQ] = useState(/** @type {Question|null} */ (null));
  useEffect(() => {
    pose = setQ;
  }, []);
  if (!q) return null;
  const end = (/** @type {boolean} */ yes) => {
    setQ(null);
    q.answer(yes);
  };
  return html`
    <${Dialog} title=${q.title} onClose=${() => end(false)}>
      <p>${q.text}</p>
      <div class="actions">
        <button type="button" class="plain" onClick=${() => end(false)}>${words.cancel}</button>
        <button type="button" class="danger" onClick=${() => end(true)}>${q.action}</button>
      </div>
    <//>
  `;
}
