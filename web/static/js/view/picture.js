// Pictures, read when they come near the screen. Until then a blur of their
// colours stands where they will be.

import { html, cls, useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { useClient } from "./here.js";
import { Icon } from "./icons.js";
import { useSeen } from "./seen.js";
import { paint } from "./blur.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/types.js").Picture} Shown */

const NEAR = "400px";
/** A thumbnail is enough up to this size, in px of the screen. */
const SMALL = 240;

/**
 * An address of a medium within this page; "" until it was read.
 * @param {string} media
 * @param {object} [how]
 * @param {boolean} [how.small] a thumbnail is enough
 * @param {boolean} [how.wanted] not yet, if false
 * @param {() => void} [how.onFail]
 */
export function useMedium(media, { small = false, wanted = true, onFail } = {}) {
  const library = useClient()?.library;
  const [url, setUrl] = useState("");
  useEffect(() => {
    if (!wanted || !library) return;
    let here = true;
    library.hold(media, small).then((u) => here && setUrl(u), () => here && onFail?.());
    return () => {
      here = false;
      library.release(media, small);
    };
  }, [media, small, wanted]);
  return url;
}

/** @param {{hash: string}} props */
function Blur({ hash }) {
  const ref = useRef(/** @type {any} */ (null));
  useLayoutEffect(() => paint(ref.current, hash), [hash]);
  return html`<canvas ref=${ref} width="24" height="24" aria-hidden="true"></canvas>`;
}

/** @param {{picture: Shown, alt: string, small?: boolean, whole?: boolean}} props whole: all of it is shown, nothing cut off */
export function Picture({ picture, alt, small = true, whole = false }) {
  const [ref, near] = useSeen({ margin: NEAR, once: true });
  const [failed, setFailed] = useState(false);
  const url = useMedium(picture.media, { small, wanted: near && !failed, onFail: () => setFailed(true) });
  const [there, setThere] = useState(false);
  return html`
    <span ref=${ref} class=${cls("picture", whole && "whole", there && "there")}>
      ${!there && picture.placeholder && html`<${Blur} hash=${picture.placeholder} />`}
      ${url && html`<img src=${url} alt=${alt} onLoad=${() => setThere(true)} onError=${() => setFailed(true)} />`}
      ${failed && html`<span class="broken" role="img" aria-label=${words.pictureBroken}><${Icon} name="picture" /></span>`}
    </span>
  `;
}

/** How large a single picture is shown, within bounds. @param {number} width @param {number} height @param {number} most */
export function fitted(width, height, most) {
  const w = width || 4;
  const h = height || 3;
  const ratio = Math.min(2.4, Math.max(0.5, w / h));
  const shown = ratio >= 1 ? Math.min(most, Math.max(w, 120)) : Math.min(most * 0.8, Math.max(h, 120)) * ratio;
  return { width: `${Math.round(shown)}px`, aspectRatio: String(ratio), small: Math.max(shown, shown / ratio) <= SMALL };
}

const isFilm = (/** @type {Shown} */ p) => p.type?.startsWith("video/");

/** A film; it is read when somebody wants to see it. @param {{picture: Shown}} props */
export function Film({ picture }) {
  const [wanted, setWanted] = useState(false);
  const [failed, setFailed] = useState(false);
  const url = useMedium(picture.media, { wanted, onFail: () => setFailed(true) });
  const { width, aspectRatio } = fitted(picture.width, picture.height, 420);
  return html`
    <div class="film" style=${{ width, aspectRatio }}>
      ${url
        ? html`<video src=${url} controls autoplay playsinline aria-label=${words.video}></video>`
        : html`
            ${picture.placeholder && html`<${Blur} hash=${picture.placeholder} />`}
            <button type="button" aria-label=${words.playVideo} disabled=${wanted && !failed} onClick=${() => { setFailed(false); setWanted(true); }}>
              <${Icon} name=${failed ? "alert" : wanted ? "clock" : "play"} />
            </button>
          `}
    </div>
  `;
}

/** Up to nine pictures, or a film. @param {{pictures: Shown[], onOpen: (at: number) => void}} props */
export function Pictures({ pictures, onOpen }) {
  if (pictures.length === 0) return null;
  if (isFilm(pictures[0])) return html`<${Film} picture=${pictures[0]} />`;
  const one = pictures.length === 1 ? fitted(pictures[0].width, pictures[0].height, 420) : null;
  return html`
    <div class=${cls("pictures", one ? "one" : pictures.length === 4 || pictures.length === 2 ? "two" : "three")}>
      ${pictures.map(
        (p, i) => html`
          <button key=${p.media} type="button" aria-label=${words.pictureOf(i + 1, pictures.length)} onClick=${() => onOpen(i)}
            style=${one && { width: one.width, aspectRatio: one.aspectRatio }}>
            <${Picture} picture=${p} alt="" small=${!one || one.small} />
          </button>
        `,
      )}
    </div>
  `;
}
