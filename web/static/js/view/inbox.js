// What apps were allowed to send, the newest first: each notice says by itself
// why it came, and is where one stops it.

import { html, cls, useEffect, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Dialog } from "./ask.js";
import { Icon } from "./icons.js";
import { Link } from "./router.js";
import { Menu } from "./menu.js";
import { Nothing } from "./nothing.js";
import { Params } from "./params.js";
import { WhyNotice } from "./why-notice.js";
import { toast } from "./toasts.js";
import { useBusy, useFocusOn } from "./use.js";
import { useSeen } from "./seen.js";
import { isPage } from "../model/programs.js";
import { clock, day, dayName } from "../text/time.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").Entry} Entry */

const REASONS = /** @type {const} */ (["spam", "fraud", "harassment", "sexual", "violence", "other"]);

/** @param {{client: Client, notice: string, onClose: () => void}} props */
function Report({ client, notice, onClose }) {
  const [busy, run] = useBusy();
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    const reason = String(new FormData(/** @type {HTMLFormElement} */ (e.currentTarget)).get("reason"));
    run(() => client.programs.report(notice, reason)).then((ok) => {
      if (!ok) return;
      toast(words.reported);
      onClose();
    });
  };
  return html`
    <${Dialog} title=${words.report} onClose=${onClose}>
      <form class="form" onSubmit=${submit}>
        <fieldset class="choices">
          <legend>${words.reportTitle}</legend>
          ${REASONS.map((r) => html`<label key=${r}><input type="radio" name="reason" value=${r} required />${words.reasons[r]}</label>`)}
        </fieldset>
        <p class="hint">${words.reportHint}</p>
        <div class="actions">
          <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
          <button type="submit" class="danger" disabled=${busy}>${words.report}</button>
        </div>
      </form>
    <//>
  `;
}

/** @param {{client: Client, e: Entry, fresh: boolean, stopped: boolean, onStopped: () => void}} props */
function Letter({ client, e, fresh, stopped, onStopped }) {
  const [busy, run] = useBusy();
  const [asking, setAsking] = useState(/** @type {""|"why"|"report"} */ (""));
  const { notice, app, app_name: name, title, params = [], state_label: state, page } = e.body;
  const { programs } = client;
  const stop = () => run(() => programs.stop(notice)).then((ok) => {
    if (!ok) return;
    onStopped();
    toast(words.stoppedAll);
  });
  const items = () => [
    { label: words.why, icon: "info", act: () => setAsking("why") },
    { label: words.muteApp, icon: "mute", act: () => run(() => programs.mute(app, true)).then((ok) => ok && toast(words.mutedApp(name))) },
    { label: words.report, icon: "flag", danger: true, act: () => setAsking("report") },
  ];
  return html`
    <article class=${cls("letter", fresh && "is-fresh")} aria-label=${words.momentBy(name, clock(e.at))} tabindex="-1">
      <header>
        <${Avatar} id=${app} name=${name} group size="small" />
        <${Link} to=${{ page: "mini-programs", app }} class="letter-app" dir="auto">${name}<//>
        ${fresh && html`<b class="role">${words.newOne}</b>`}
        <time datetime=${e.at}>${clock(e.at)}</time>
        <${Menu} label=${words.more} items=${items} />
      </header>
      <h3 dir="auto">${title}</h3>
      ${state && html`<p class="letter-state" dir="auto">${state}</p>`}
      <${Params} params=${params} />
      <div class="letter-tools">
        ${isPage(page) && html`<${Link} to=${{ page: "mini-programs", app, open: page }} class="plain button small">${words.openPage}<${Icon} name="forward" /><//>`}
        <button type="button" class="quiet small" disabled=${busy || stopped} aria-label=${stopped ? words.stopped : words.stopNamed(title)} onClick=${stop}>
          <${Icon} name=${stopped ? "check" : "stop"} />${stopped ? words.stopped : words.stop}</button>
      </div>
      ${asking === "why" && html`<${WhyNotice} client=${client} notice=${notice} onClose=${() => setAsking("")} />`}
      ${asking === "report" && html`<${Report} client=${client} notice=${notice} onClose=${() => setAsking("")} />`}
    </article>
  `;
}

/** @param {{client: Client}} props */
export function Inbox({ client }) {
  const { inbox } = client;
  const heading = useFocusOn("inbox");
  const [ref, seen] = useSeen();
  const [stopped, setStopped] = useState(/** @type {Set<string>} */ (new Set()));
  const list = inbox.list;
  const newest = list[0]?.seq ?? 0;
  useEffect(() => {
    if (seen && document.visibilityState === "visible" && client.session.state === "online") inbox.read();
  }, [seen, newest, client.session.state]);
  useEffect(() => () => inbox.leave(), []);
  let today = "";
  return html`
    <header class="talk-head">
      <${Link} to=${{ page: "chats" }} class="quiet round button back" aria-label=${words.back}><${Icon} name="back" /><//>
      <span class="avatar of-group of-notices" aria-hidden="true"><${Icon} name="bell" /></span>
      <div class="talk-title"><h2 tabindex="-1" ref=${heading}>${words.serviceNotices}</h2><p>${words.serviceNoticesHint}</p></div>
    </header>
    <div class="scroll letters">
      <div ref=${ref} class="letters-list" role="feed" aria-label=${words.serviceNotices} aria-busy=${String(inbox.loading)}>
        ${list.map((e) => {
          const begins = day(e.at) !== today && (today = day(e.at));
          return html`
            ${begins && html`<p key=${"day-" + begins} class="between day"><span>${dayName(e.at)}</span></p>`}
            <${Letter} key=${e.seq} client=${client} e=${e} fresh=${e.seq > inbox.newFrom} stopped=${stopped.has(e.body.template)}
              onStopped=${() => setStopped(new Set([...stopped, e.body.template]))} />
          `;
        })}
      </div>
      ${list.length === 0 && !inbox.loading && html`<${Nothing} picture="img/leaves.svg" title=${words.noServiceNotices} hint=${words.noServiceNoticesHint} />`}
      ${!inbox.complete && list.length > 0 && html`<button type="button" class="link earlier" disabled=${inbox.loading} onClick=${() => inbox.older()}>${words.earlier}</button>`}
    </div>
  `;
}
