// The sheet: an app asks whether it may send something. It is drawn by the host,
// over everything and from the server's data alone; no page can draw or reach it.
//
// A tap that was meant for something else decides nothing: the buttons take none
// for a moment after each is shown, and every tap in that time begins it anew.

import { html, cls, useEffect, useId, useRef, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { SheetItem } from "./sheet-item.js";
import { complain, toast } from "./toasts.js";
import { useModal } from "./use.js";
import { complaint, words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").Sheet} Sheet */

/** How long the buttons are inert, in ms. The server takes what comes within 400 ms for a false tap. */
export const INERT_MS = 500;
/** How long a sheet is good, in ms, where the clocks of server and device disagree. */
const GOOD_MS = 58_000;

/** @param {Sheet} sheet how much longer it is good, in ms */
function goodFor({ expires_at: at }) {
  const told = Date.parse(at) - Date.now() - 1000;
  return told > 5000 && told < GOOD_MS ? told : GOOD_MS;
}

/** Whether a button may be taken for meant: false for a moment after `what` is there, and after each tap in that moment. @param {any} what @returns {[boolean, () => void]} */
export function useSettled(what) {
  const [settled, setSettled] = useState(/** @type {any} */ (undefined));
  const timer = useRef(0);
  const begin = () => {
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => setSettled(what), INERT_MS);
  };
  useEffect(() => {
    begin();
    return () => clearTimeout(timer.current);
  }, [what]);
  return [settled === what, begin];
}

/** @param {{client: Client, app: string, sheet: Sheet, onEnd: (allowed: boolean) => void}} props */
export function Consent({ client, app, sheet, onEnd }) {
  const ref = useModal();
  const heading = useId();
  const [step, setStep] = useState(0);
  const [busy, setBusy] = useState(false);
  const [dontAsk, setDontAsk] = useState(false);
  const decisions = useRef(/** @type {("accept"|"reject")[]} */ ([]));
  const ended = useRef(false);
  const items = sheet.sheet;
  const item = items[step];
  const [settled, tapped] = useSettled(item.item);

  const end = (/** @type {boolean} */ allowed) => {
    if (ended.current) return;
    ended.current = true;
    onEnd(allowed);
  };
  const send = async () => {
    setBusy(true);
    const all = items.map((i, n) => ({ item: i.item, decision: decisions.current[n] ?? /** @type {const} */ ("reject") }));
    const allowed = all.some((d) => d.decision === "accept");
    try {
      await client.programs.decide(sheet.consent, all, dontAsk);
      toast(allowed ? words.allowed : words.notAllowed);
    } catch (err) {
      complain(complaint(err));
    }
    end(allowed);
  };
  const decide = (/** @type {"accept"|"reject"} */ decision, /** @type {Event} */ e) => {
    if (!e.isTrusted || busy) return;
    if (!settled) return tapped();
    decisions.current[step] = decision;
    if (step + 1 < items.length && !(dontAsk && decision === "reject")) setStep(step + 1);
    else send();
  };
  useEffect(() => {
    const timer = setTimeout(() => {
      toast(words.sheetExpired);
      end(false);
    }, goodFor(sheet));
    return () => clearTimeout(timer);
  }, []);
  // The next question is read out like the first; nothing that decides has the focus.
  useEffect(() => ref.current?.querySelector("h2").focus(), [step]);
  // A frame can call for the focus even behind a modal dialog; it does not keep it.
  useEffect(() => {
    const back = () => document.activeElement?.tagName === "IFRAME" && ref.current?.querySelector("h2").focus();
    addEventListener("blur", back);
    return () => removeEventListener("blur", back);
  }, []);
  // Escape means No to what is not decided yet.
  const cancel = (/** @type {Event} */ e) => {
    e.preventDefault();
    if (!busy) send();
  };
  return html`
    <dialog ref=${ref} class="dialog consent" aria-labelledby=${heading} aria-describedby=${heading + "-about"} onCancel=${cancel} onClose=${() => end(false)}>
      <div class="dialog-body">
        <div class="consent-who">
          <${Avatar} id=${app} name=${item.app_name} group />
          <h2 id=${heading} tabindex="-1" dir="auto">${words.asks(item.app_name)}</h2>
          ${items.length > 1 && html`<p class="soft">${words.stepOf(step + 1, items.length)}</p>`}
        </div>
        <div id=${heading + "-about"} class="consent-about">
          <p>${words.mayItSend}</p>
          <${SheetItem} key=${item.item} item=${item} />
          <p class="hint consent-act" dir="auto">${words.youTapped(item.page)}</p>
        </div>
        <div class="dialog-foot">
          <div class=${cls("consent-choice", !settled && "is-inert")}>
            <button type="button" class="plain" aria-disabled=${String(!settled || busy)} onClick=${(/** @type {Event} */ e) => decide("reject", e)}>${words.no}</button>
            <button type="button" class="plain" aria-disabled=${String(!settled || busy)} onClick=${(/** @type {Event} */ e) => decide("accept", e)}>${words.allow}</button>
          </div>
          <label class="consent-never"><input type="checkbox" checked=${dontAsk} onChange=${(/** @type {any} */ e) => setDontAsk(e.currentTarget.checked)} />${words.dontAskAgain}</label>
        </div>
      </div>
    </dialog>
  `;
}
