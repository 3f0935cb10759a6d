// The pages of Moments: the timeline, one person's page, ours as a friend sees
// it, a single moment, and what was said to us.

import { html, cls, useEffect, useRef, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { Link, go } from "./router.js";
import { MomentCard } from "./moment.js";
import { NoticeList } from "./moment-notices.js";
import { Nothing } from "./nothing.js";
import { Share } from "./share.js";
import { useFocusOn } from "./use.js";
import { useSeen } from "./seen.js";
import { presence } from "../text/around.js";
import { complaint, words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/moments.js").List} List */
/** @typedef {import("./router.js").Route} Route */

const MORE_AT = "1200px";

/** The end of a list: what is there to be read is read when one comes near. @param {{client: Client, list: List}} props */
function More({ client, list }) {
  const [ref, near] = useSeen({ margin: MORE_AT });
  const { posts, next, loading, problem } = list;
  useEffect(() => {
    if (near && next && !loading && !problem) client.moments.more(list);
  }, [near, next, loading, problem]);
  const again = () => (posts ? client.moments.more(list) : client.moments.refresh(list));
  return html`
    <div ref=${ref} class="moments-end" aria-busy=${String(loading)}>
      ${problem && html`<p class="soft">${complaint({ code: problem })} <button type="button" class="link" onClick=${again}>${words.tryAgain}</button></p>`}
      ${!problem && posts && posts.length > 0 && !next && html`<p class="soft">${words.momentsEnd}</p>`}
    </div>
  `;
}

const Skeleton = () => html`
  <div class="moment skeleton-moment" aria-hidden="true"><i></i><div><b></b><b></b><b></b></div></div>
`;

/** The page keys go from moment to moment, wherever one is inside. @param {KeyboardEvent} e */
function pages(e) {
  const step = { PageDown: 1, PageUp: -1 }[e.key];
  const from = /** @type {HTMLElement} */ (e.target).closest(".moment");
  if (!step || !from || /** @type {HTMLElement} */ (e.target).closest("dialog, textarea")) return;
  const all = /** @type {HTMLElement[]} */ ([...(from.parentElement?.children ?? [])]);
  const to = all[all.indexOf(/** @type {HTMLElement} */ (from)) + step];
  if (!to) return;
  e.preventDefault();
  to.focus();
}

/** @param {{client: Client, list: List, still?: boolean, nothing: string, hint: string}} props */
function Moments({ client, list, still = false, nothing, hint }) {
  useEffect(() => void client.moments.refresh(list), [list]);
  const shown = client.moments.shown(list);
  return html`
    ${!list.posts && !list.problem && html`<${Skeleton} /><${Skeleton} />`}
    ${shown.length > 0 &&
    html`
      <div class="moments-list" role="feed" aria-busy=${String(list.loading)} aria-label=${words.moments} onKeyDown=${pages}>
        ${shown.map((m) => html`<${MomentCard} key=${m.post} client=${client} m=${m} still=${still} />`)}
      </div>
    `}
    ${list.posts && shown.length === 0 && !list.next && html`<${Nothing} picture="img/leaves.svg" title=${nothing} hint=${hint} />`}
    <${More} client=${client} list=${list} />
  `;
}

/** @param {{client: Client, scroll: {current: any}}} props */
function Timeline({ client, scroll }) {
  const { moments } = client;
  const list = moments.timeline();
  const { size } = moments.fresh;
  const show = () => {
    moments.refresh(list);
    scroll.current?.scrollTo({ top: 0, behavior: "smooth" });
  };
  return html`
    <${Share} client=${client} />
    <div class="fresh" role="status">
      ${size > 0 && list.posts && html`<button type="button" class="primary small" onClick=${show}><${Icon} name="up" />${words.newMoments(size)}</button>`}
    </div>
    <${Moments} client=${client} list=${list} nothing=${words.noMoments} hint=${words.noMomentsHint} />
  `;
}

/** Whose eyes to look with. @param {{client: Client, user?: string}} props */
function ViewAs({ client, user = "" }) {
  const friends = client.people.sorted(words.code);
  if (friends.length === 0) return null;
  const look = (/** @type {any} */ e) => {
    const { value } = e.currentTarget;
    go(value ? { page: "moments", part: "as", user: value } : { page: "moments", part: "by", user: client.user });
  };
  return html`
    <label class="view-as"><span>${words.viewAs}</span>
      <select value=${user} onChange=${look}>
        <option value="">${words.you}</option>
        ${friends.map((f) => html`<option key=${f.user} value=${f.user}>${client.people.name(f.user)}</option>`)}
      </select>
    </label>
  `;
}

/** Somebody's page. @param {{client: Client, user: string, as?: string}} props */
function Page({ client, user, as }) {
  const { people, moments } = client;
  const name = people.name(user);
  const heading = useFocusOn(user + as);
  const mine = user === client.user;
  const list = as ? moments.as(as) : moments.of(user);
  return html`
    <header class="person-head">
      <${Avatar} id=${user} name=${name} size="large" dot=${!mine} />
      <div>
        <h2 tabindex="-1" ref=${heading} dir="auto">${name}</h2>
        <p class="soft">${mine ? "@" + user : presence(client.around.of(user)) || "@" + user}</p>
      </div>
      ${mine
        ? html`<${ViewAs} client=${client} user=${as} />`
        : html`<${Link} to=${{ page: "contacts", user }} class="plain button small"><${Icon} name="me" />${words.profile}<//>`}
    </header>
    ${as && html`<p class="as-note" role="status"><${Icon} name="eye" />${words.seenAs(people.name(as))}</p>`}
    <${Moments} key=${list.path} client=${client} list=${list} still=${Boolean(as)} nothing=${words.noMomentsOf} hint=${mine && !as ? words.noMomentsHint : words.noMomentsOfHint} />
  `;
}

/** @param {{client: Client, post: string}} props */
function Single({ client, post }) {
  const [gone, setGone] = useState(false);
  const heading = useFocusOn(post);
  const m = client.moments.get(post);
  useEffect(() => {
    client.moments.look(post).then((found) => setGone(!found), () => {});
  }, [post]);
  return html`
    <h2 class="hidden" tabindex="-1" ref=${heading}>${words.moment}</h2>
    ${m ? html`<${MomentCard} client=${client} m=${m} />` : gone ? html`<${Nothing} picture="img/leaves.svg" title=${words.momentGone} hint=${words.momentGoneHint} />` : html`<${Skeleton} />`}
  `;
}

/** @param {{client: Client, at: Route}} props */
export function MomentsPage({ client, at }) {
  const scroll = useRef(/** @type {any} */ (null));
  const place = [at.part, at.user, at.post].join();
  useEffect(() => scroll.current?.scrollTo(0, 0), [place]);
  const { unread } = client.notices;
  const back = at.part === "as" ? { page: "moments", part: "by", user: client.user } : { page: "moments" };
  return html`
    <header class="pane-head moments-head">
      ${at.part && html`<${Link} to=${back} class="quiet round button" aria-label=${words.back}><${Icon} name="back" /><//>`}
      <h1>${at.part === "notices" ? words.notices : words.moments}</h1>
      ${at.part !== "notices" &&
      html`
        <${Link} to=${{ page: "moments", part: "notices" }} class="quiet round button bell" title=${words.notices}
          aria-label=${unread ? `${words.notices}, ${words.unreadNotices(unread)}` : words.notices}>
          <${Icon} name="bell" />${unread > 0 && html`<b class="badge" aria-hidden="true">${unread > 99 ? "99+" : unread}</b>`}
        <//>
      `}
      <${Link} to=${{ page: "moments", part: "by", user: client.user }} class="quiet round button" aria-label=${words.myMoments} title=${words.myMoments}><${Icon} name="me" /><//>
    </header>
    <div class="scroll" ref=${scroll}>
      <div class=${cls("moments-columns", at.part === "notices" && "single")}>
        <div class="moments-main">
          ${!at.part && html`<${Timeline} client=${client} scroll=${scroll} />`}
          ${at.part === "by" && at.user && html`<${Page} key=${at.user} client=${client} user=${at.user} />`}
          ${at.part === "as" && at.user && html`<${Page} key=${"as " + at.user} client=${client} user=${client.user} as=${at.user} />`}
          ${at.part === "post" && at.post && html`<${Single} key=${at.post} client=${client} post=${at.post} />`}
          ${at.part === "notices" && html`<${NoticeList} client=${client} />`}
        </div>
        ${at.part !== "notices" &&
        html`
          <aside class="moments-aside" aria-label=${words.notices}>
            <h2>${words.notices}</h2>
            <${NoticeList} client=${client} most=${12} />
          </aside>
        `}
      </div>
    </div>
  `;
}
