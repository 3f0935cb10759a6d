// The directory of mini-programs: those we follow first, and a search.

import { html, cls, useEffect, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { Link } from "./router.js";
import { arrows } from "./chat-list.js";
import { categoryName } from "../text/values.js";
import { complaint, words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").MiniProgram} MiniProgram */

/** How long after the last letter a search begins, in ms. */
const SETTLED_MS = 250;

/** @param {{p: MiniProgram, picked: boolean}} props */
const Item = ({ p, picked }) => html`
  <li class=${cls("item person", picked && "is-picked")}>
    <${Avatar} id=${p.app} name=${p.name} group />
    <${Link} to=${{ page: "mini-programs", app: p.app }} class="item-title" dir="auto" aria-current=${picked ? "true" : undefined}>${p.name}<//>
    <span class="item-line" dir="auto">${p.summary || categoryName(p.category)}</span>
    <span class="item-marks">
      ${p.muted && html`<${Icon} name="mute" /><span class="hidden">${words.muted}</span>`}
    </span>
  </li>
`;

/** @param {{title: string, all: MiniProgram[], picked?: string}} props */
function Part({ title, all, picked }) {
  if (all.length === 0) return null;
  return html`
    <h2 class="section">${title}</h2>
    <ul role="list" class="items" aria-label=${title}>${all.map((p) => html`<${Item} key=${p.app} p=${p} picked=${p.app === picked} />`)}</ul>
  `;
}

/** @param {{client: Client, picked?: string}} props */
export function ProgramList({ client, picked }) {
  const { programs } = client;
  const [text, setText] = useState(programs.wanted);
  const wanted = text.trim();
  useEffect(() => {
    const timer = setTimeout(() => programs.find(wanted), programs.found === null || wanted === programs.wanted ? 0 : SETTLED_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  const { found, problem } = programs;
  const { followed, others } = programs.listed();
  return html`
    <header class="pane-head"><h1>${words.programs}</h1></header>
    <div class="filter">
      <${Icon} name="search" />
      <input type="search" aria-label=${words.findPrograms} placeholder=${words.findPrograms} maxlength="64" value=${text} onInput=${(/** @type {any} */ e) => setText(e.currentTarget.value)} />
    </div>
    <div class="scroll" onKeyDown=${arrows}>
      <${Part} title=${words.followed} all=${followed} picked=${picked} />
      <${Part} title=${words.allPrograms} all=${others} picked=${picked} />
      ${problem && html`<p class="empty-list">${complaint({ code: problem })} <button type="button" class="link" onClick=${() => programs.find(wanted)}>${words.tryAgain}</button></p>`}
      ${found?.length === 0 &&
      !problem &&
      (programs.wanted
        ? html`<p class="empty-list">${words.nothingFound}</p>`
        : html`<div class="empty-list"><h2>${words.noPrograms}</h2><p>${words.noProgramsHint}</p></div>`)}
    </div>
  `;
}
