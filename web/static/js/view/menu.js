// A menu behind a button, by the usual rules of the keyboard: arrows move, Enter
// takes, Escape closes and gives the focus back.

import { html, cls, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { Icon } from "./icons.js";

/** @typedef {{label: string, icon: string, danger?: boolean, act: () => void}} Item */

/** @param {{items: Item[], onClose: (back: boolean) => void}} props */
function Items({ items, onClose }) {
  const ref = useRef(/** @type {HTMLElement|null} */ (null));
  const [up, setUp] = useState(false);
  const buttons = () => /** @type {HTMLElement[]} */ ([...(ref.current?.querySelectorAll("[role=menuitem]") ?? [])]);
  useLayoutEffect(() => {
    const box = ref.current?.getBoundingClientRect();
    if (box && box.bottom > innerHeight - 80) setUp(true);
    buttons()[0]?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    const away = (/** @type {Event} */ e) => !ref.current?.parentElement?.contains(/** @type {Node} */ (e.target)) && onClose(false);
    addEventListener("pointerdown", away);
    return () => removeEventListener("pointerdown", away);
  }, []);
  const onKeyDown = (/** @type {KeyboardEvent} */ e) => {
    const all = buttons();
    const i = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: -1 }[e.key];
    if (to !== undefined) all.at(to % all.length)?.focus();
    else if (e.key === "Escape" || e.key === "Tab") onClose(true);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };
  return html`
    <div ref=${ref} class=${cls("menu", up && "up")} role="menu" onKeyDown=${onKeyDown}>
      ${items.map(
        (i) => html`
          <button type="button" role="menuitem" tabindex="-1" class=${i.danger ? "danger-text" : ""}
            onClick=${() => { onClose(true); i.act(); }}>
            <${Icon} name=${i.icon} />${i.label}
          </button>
        `,
      )}
    </div>
  `;
}

/**
 * @param {object} props
 * @param {string} props.label
 * @param {() => Item[]} props.items asked when it opens
 * @param {string} [props.class]
 * @param {number} [props.tabindex]
 * @param {{current: (() => void)|null}} [props.opener] filled with what opens it, for keys pressed elsewhere
 */
export function Menu({ label, items, class: extra = "", tabindex, opener }) {
  const [open, setOpen] = useState(/** @type {Item[]|null} */ (null));
  const button = useRef(/** @type {HTMLElement|null} */ (null));
  const toggle = () => setOpen(open ? null : items());
  if (opener) opener.current = () => setOpen(items());
  const close = (/** @type {boolean} */ back) => {
    setOpen(null);
    if (back) button.current?.focus({ preventScroll: true });
  };
  return html`
    <div class=${cls("menu-anchor", open && "open", extra)}>
      <button ref=${button} type="button" class="quiet round" aria-label=${label} title=${label} tabindex=${tabindex}
        aria-haspopup="menu" aria-expanded=${String(Boolean(open))} onClick=${toggle}>
        <${Icon} name="more" />
      </button>
      ${open && html`<${Items} items=${open} onClose=${close} />`}
    </div>
  `;
}
