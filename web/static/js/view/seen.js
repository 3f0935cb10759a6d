// Whether something is on screen, or nearly: what is far away need not be read.

import { useEffect, useRef, useState } from "./dom.js";

/** @type {Map<string, IntersectionObserver>} */
const observers = new Map();
/** @type {WeakMap<Element, (seen: boolean) => void>} */
const listeners = new WeakMap();

/** @param {string} margin around what is on screen */
function observer(margin) {
  let one = observers.get(margin);
  if (!one) {
    // The pages scroll inside the window: the margin is around what they scroll in.
    const around = /** @type {IntersectionObserverInit} */ ({ rootMargin: margin, scrollMargin: margin });
    one = new IntersectionObserver((all) => all.forEach((e) => listeners.get(e.target)?.(e.isIntersecting)), around);
    observers.set(margin, one);
  }
  return one;
}

/**
 * A ref for an element, and whether it is on screen.
 * @param {object} [how]
 * @param {string} [how.margin] counts as on screen too
 * @param {boolean} [how.once] having been there is enough
 * @returns {[{current: any}, boolean]}
 */
export function useSeen({ margin = "0px", once = false } = {}) {
  const ref = useRef(/** @type {any} */ (null));
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const el = ref.current;
    if (!el) return;
    const watch = observer(margin);
    listeners.set(el, (now) => {
      setSeen((was) => now || (once && was));
      if (now && once) watch.unobserve(el);
    });
    watch.observe(el);
    return () => watch.unobserve(el);
  }, []);
  return [ref, seen];
}
