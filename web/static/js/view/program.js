// One mini-program: what it is, what it may send, and what one can do about it.

import { html, useEffect, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Grants } from "./grants.js";
import { Icon } from "./icons.js";
import { Link, go } from "./router.js";
import { Nothing } from "./nothing.js";
import { sure } from "./ask.js";
import { toast } from "./toasts.js";
import { useBusy, useFocusOn } from "./use.js";
import { categoryName } from "../text/values.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").MiniProgram} MiniProgram */

/** What one can do about an app, apart from opening it. @param {{client: Client, p: MiniProgram}} props */
function Measures({ client, p }) {
  const [busy, run] = useBusy();
  const { programs } = client;
  const { app, name } = p;
  const mute = () => run(() => programs.mute(app, !p.muted)).then((ok) => ok && toast(p.muted ? words.unmutedApp(name) : words.mutedApp(name)));
  const block = async () => {
    if (p.blocked || (await sure(words.block, words.blockAppSure(name)))) run(() => programs.block(app, !p.blocked));
  };
  const renew = async () => {
    if ((await sure(words.newIdentity, words.newIdentitySure(name))) && (await run(() => programs.renew(app)))) toast(words.newIdentityDone(name));
  };
  return html`
    <div class="about-more">
      <button type="button" class="row-button" disabled=${busy} onClick=${mute}><${Icon} name=${p.muted ? "bell" : "mute"} />${p.muted ? words.unmute : words.mute}</button>
      <button type="button" class="row-button" disabled=${busy} onClick=${renew}><${Icon} name="id" />${words.newIdentity}</button>
      <button type="button" class="row-button danger-text" disabled=${busy} onClick=${block}><${Icon} name="block" />${p.blocked ? words.unblock : words.block}</button>
    </div>
  `;
}

/** What stands about an app, on its own page and beside a conversation with it. @param {{client: Client, app: string, alone?: boolean}} props */
export function ProgramCard({ client, app, alone = false }) {
  const [busy, run] = useBusy();
  const { programs } = client;
  const p = programs.get(app);
  const [gone, setGone] = useState(false);
  useEffect(() => {
    programs.look(app).then((found) => setGone(!found), () => {});
  }, [app]);
  if (!p) return gone ? html`<${Nothing} picture="img/leaves.svg" title=${words.noSuchProgram} hint=${words.noSuchProgramHint} />` : html`<p class="soft empty-list" role="status">…</p>`;
  const write = () => run(async () => go({ page: "chats", stream: await client.talkTo(app) }));
  return html`
    <div class="about">
      <${Avatar} id=${app} name=${p.name} group size="large" />
      <p class="about-name" dir="auto">${p.name}</p>
      <p class="soft">${categoryName(p.category)}</p>
      ${p.summary && html`<p class="about-summary" dir="auto">${p.summary}</p>`}
      ${(p.blocked || p.muted) && html`<p class="hint with-icon"><${Icon} name=${p.blocked ? "block" : "mute"} />${p.blocked ? words.isBlocked : words.isMuted}</p>`}
      <div class="about-actions">
        ${p.page && html`<${Link} class="primary button" to=${{ page: "mini-programs", app, open: "/" }}><${Icon} name="programs" />${words.open}<//>`}
        ${alone && html`<button type="button" class=${p.page ? "plain" : "primary"} disabled=${busy || p.blocked} aria-label=${words.writeToNamed(p.name)} onClick=${write}><${Icon} name="chats" />${words.writeTo}</button>`}
        <button type="button" class="plain" disabled=${busy} title=${words.followHint} onClick=${() => run(() => programs.follow(app, !p.following))}>
          <${Icon} name="star" class=${p.following ? "filled" : ""} />${p.following ? words.unfollow : words.follow}</button>
      </div>
      ${!p.page && html`<p class="soft">${words.noPagesYet}</p>`}
      ${p.page && html`<dl class="facts"><div class="fact"><dt>${words.connectsTo}</dt><dd>${p.connects.map((c) => new URL(c).host).join(words.listJoin) || words.connectsToNobody}</dd></div></dl>`}
      <section class="editor" aria-label=${words.itMaySend}>
        <h3>${words.itMaySend}</h3>
        <${Grants} client=${client} of=${app} />
      </section>
      <${Measures} client=${client} p=${p} />
    </div>
  `;
}

/** @param {{client: Client, app: string}} props */
export function ProgramPage({ client, app }) {
  const heading = useFocusOn(app);
  return html`
    <header class="talk-head">
      <${Link} to=${{ page: "mini-programs" }} class="quiet round button back" aria-label=${words.back}><${Icon} name="back" /><//>
      <div class="talk-title"><h2 tabindex="-1" ref=${heading} dir="auto">${client.programs.name(app) || words.program}</h2></div>
    </header>
    <div class="scroll"><${ProgramCard} client=${client} app=${app} alone /></div>
  `;
}
