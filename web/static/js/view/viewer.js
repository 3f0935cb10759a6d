// A picture as large as the screen, with those beside it.

import { html, useRef, useState } from "./dom.js";
import { useClient } from "./here.js";
import { Icon } from "./icons.js";
import { useMedium } from "./picture.js";
import { save } from "./save.js";
import { useBusy, useModal } from "./use.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/types.js").Picture} Shown */

/** A finger that goes this far to the side, in px, turns the page. */
const SWIPE = 50;

/** @param {{picture: Shown, alt: string}} props */
function Large({ picture, alt }) {
  const [failed, setFailed] = useState(false);
  const quick = useMedium(picture.media, { small: true }); // it is here already
  const whole = useMedium(picture.media, { onFail: () => setFailed(true) });
  if (failed && !quick) return html`<p>${words.pictureBroken}</p>`;
  return html`<img src=${whole || quick} alt=${alt} width=${picture.width || undefined} height=${picture.height || undefined} draggable=${false} />`;
}

/** @param {{pictures: Shown[], from: number, onClose: () => void}} props */
export function Viewer({ pictures, from, onClose }) {
  const dialog = useModal();
  const touch = useRef(0);
  const [at, setAt] = useState(from);
  const [busy, run] = useBusy();
  const library = useClient()?.library;
  const several = pictures.length > 1;

  const turn = (/** @type {number} */ by) => setAt((i) => Math.min(pictures.length - 1, Math.max(0, i + by)));
  const onKeyDown = (/** @type {KeyboardEvent} */ e) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1, Home: -99, End: 99 }[e.key];
    if (!by) return;
    e.preventDefault();
    turn(by);
  };
  const onTouchEnd = (/** @type {TouchEvent} */ e) => {
    const by = e.changedTouches[0].clientX - touch.current;
    if (Math.abs(by) > SWIPE) turn(by > 0 ? -1 : 1);
  };
  const outside = (/** @type {MouseEvent} */ e) => /** @type {Element} */ (e.target).closest("button, img") === null && onClose();
  const label = words.pictureOf(at + 1, pictures.length);
  return html`
    <dialog ref=${dialog} class="viewer" aria-label=${words.pictures} onClose=${onClose} onKeyDown=${onKeyDown} onClick=${outside}
      onTouchStart=${(/** @type {TouchEvent} */ e) => (touch.current = e.changedTouches[0].clientX)} onTouchEnd=${onTouchEnd}>
      <div class="viewer-picture"><${Large} key=${pictures[at].media} picture=${pictures[at]} alt=${label} /></div>
      <p class="viewer-count" role="status">${several && words.countOf(at + 1, pictures.length)}<span class="hidden">${label}</span></p>
      <div class="viewer-tools">
        <button type="button" class="round" aria-label=${words.saveFile} title=${words.saveFile} disabled=${busy}
          onClick=${() => run(async () => library && save(await library.read(pictures[at].media), "picture"))}><${Icon} name="download" /></button>
        <button type="button" class="round" aria-label=${words.close} title=${words.close} onClick=${onClose}><${Icon} name="close" /></button>
      </div>
      ${several &&
      html`
        <button type="button" class="round viewer-previous" aria-label=${words.previous} disabled=${at === 0} onClick=${() => turn(-1)}><${Icon} name="back" /></button>
        <button type="button" class="round viewer-next" aria-label=${words.next} disabled=${at === pictures.length - 1} onClick=${() => turn(1)}><${Icon} name="forward" /></button>
      `}
    </dialog>
  `;
}
