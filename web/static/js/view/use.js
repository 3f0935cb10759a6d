// Hooks that several views share.

import { useEffect, useLayoutEffect, useRef, useState } from "./dom.js";
import { complaint } from "../text/words.js";
import { complain } from "./toasts.js";

/**
 * Something that takes a while and may fail: whether it runs, and running it
 * with its failure told.
 * @param {Record<string, string>} [better] words for failures on this occasion
 * @returns {[boolean, (what: () => Promise<any>) => Promise<boolean>]} the promise tells whether it went well
 */
export function useBusy(better) {
  const [busy, setBusy] = useState(false);
  const alive = useRef(true);
  useEffect(() => () => void (alive.current = false), []);
  return [
    busy,
    async (what) => {
      setBusy(true);
      try {
        await what();
        return true;
      } catch (err) {
        complain(complaint(err, better));
        return false;
      } finally {
        if (alive.current) setBusy(false);
      }
    },
  ];
}

/** Puts the focus on an element when a view begins to show something, so that one reads on there. @param {any} what @param {boolean} [wanted] */
export function useFocusOn(what, wanted = true) {
  const ref = useRef(/** @type {any} */ (null));
  useEffect(() => {
    if (wanted) ref.current?.focus();
  }, [what]);
  return ref;
}

/**
 * Opens a modal dialog for as long as the view is there. The focus goes back to
 * where it was: the browser does that only for dialogs that it closes itself.
 * @returns {{current: any}} for the dialog
 */
export function useModal() {
  const ref = useRef(/** @type {any} */ (null));
  useLayoutEffect(() => {
    const dialog = /** @type {HTMLDialogElement} */ (ref.current);
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    dialog.showModal();
    return () => {
      dialog.close();
      if (before?.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return ref;
}

/** Is this a device that one touches? There, focus would bring up its keyboard. */
export const touches = () => matchMedia("(pointer: coarse)").matches;
