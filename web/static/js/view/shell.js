// The frame of every page for somebody who is signed in: navigation, a list, and
// what was picked from it. On a phone one of the two is shown.

import { html, cls, useEffect, useRef } from "./dom.js";
import { Icon } from "./icons.js";
import { Link, route } from "./router.js";
import { asset } from "./asset.js";
import { ChatList } from "./chat-list.js";
import { ConversationPage } from "./conversation.js";
import { ContactList } from "./contact-list.js";
import { ContactPage } from "./contact.js";
import { Here } from "./here.js";
import { NewGroup } from "./new-group.js";
import { Me } from "./me.js";
import { Host } from "./host.js";
import { Inbox } from "./inbox.js";
import { ProgramList } from "./program-list.js";
import { ProgramPage } from "./program.js";
import { MomentsPage } from "./moments.js";
import { Nothing } from "./nothing.js";
import { Toasts } from "./toasts.js";
import { Questions } from "./ask.js";
import { Banner } from "./banner.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("./router.js").Route} Route */

/** @param {{client: Client, at: Route}} props */
function Navigation({ client, at }) {
  const newest = () => {
    client.moments.refresh(client.moments.timeline());
    document.querySelector(".moments-pane > .scroll")?.scrollTo(0, 0);
  };
  /** @type {{to: Route, icon: string, label: string, count: number, fresh?: boolean, onAgain?: () => void}[]} */
  const places = [
    { to: { page: "chats" }, icon: "chats", label: words.chats, count: client.chats.unread + client.inbox.unread },
    { to: { page: "contacts" }, icon: "contacts", label: words.contacts, count: client.people.requests.length },
    { to: { page: "moments" }, icon: "moments", label: words.moments, count: client.notices.unread, fresh: client.moments.fresh.size > 0, onAgain: newest },
    { to: { page: "mini-programs" }, icon: "programs", label: words.programs, count: 0 },
    { to: { page: "me" }, icon: "me", label: words.me, count: 0 },
  ];
  const here = at.page === "new-group" ? "contacts" : at.page;
  return html`
    <nav class="places" aria-label=${words.mainNavigation}>
      <img class="places-logo" src=${asset("img/logo.svg")} alt="" width="40" height="40" />
      ${places.map(({ to, icon, label, count, fresh, onAgain }) => {
        const news = count > 0 ? words.newCount(count) : fresh ? words.somethingNew : "";
        const id = "news-" + to.page;
        return html`
          <${Link} key=${to.page} to=${to} onAgain=${onAgain} class="place" aria-current=${here === to.page ? "page" : undefined} aria-describedby=${news && id}>
            <span class="place-icon">
              <${Icon} name=${icon} />
              ${count > 0 && html`<b class="badge" aria-hidden="true">${count > 99 ? "99+" : count}</b>`}
              ${fresh && !count && html`<b class="fresh-dot"></b>`}
            </span>
            <span>${label}</span>
          <//>
          ${news && html`<span key=${id} id=${id} class="hidden">${news}</span>`}
        `;
      })}
    </nav>
  `;
}

/** @param {{client: Client, at: Route}} props */
function Panes({ client, at }) {
  switch (at.page) {
    case "me":
      return html`<section class="pane wide-pane" aria-label=${words.me}><${Me} client=${client} /></section>`;
    case "moments":
      return html`<section class="pane wide-pane moments-pane" aria-label=${words.moments}><${MomentsPage} client=${client} at=${at} /></section>`;
    case "chats":
      return html`
        <section class="pane list-pane" aria-label=${words.chats}><${ChatList} client=${client} picked=${at.stream} /></section>
        <section class="pane main-pane" aria-label=${words.chat}>
          ${at.stream === client.inbox.stream
            ? html`<${Inbox} client=${client} />`
            : at.stream
            ? html`<${ConversationPage} key=${at.stream} client=${client} stream=${at.stream} details=${Boolean(at.details)} />`
            : html`<${Nothing} picture="img/table.svg" title=${words.pickChat} hint=${words.pickChatHint} />`}
        </section>
      `;
    case "mini-programs":
      return html`
        <section class="pane list-pane" aria-label=${words.programs}><${ProgramList} client=${client} picked=${at.app} /></section>
        <section class="pane main-pane" aria-label=${words.program}>
          ${at.app && at.open
            ? html`<${Host} key=${at.app + at.open} client=${client} app=${at.app} page=${at.open} />`
            : at.app
              ? html`<${ProgramPage} key=${at.app} client=${client} app=${at.app} />`
              : html`<${Nothing} picture="img/table.svg" title=${words.pickProgram} hint=${words.pickProgramHint} />`}
        </section>
      `;
    default:
      return html`
        <section class="pane list-pane" aria-label=${words.contacts}><${ContactList} client=${client} picked=${at.user} /></section>
        <section class="pane main-pane" aria-label=${words.details}>
          ${at.page === "new-group"
            ? html`<${NewGroup} client=${client} />`
            : at.user
              ? html`<${ContactPage} key=${at.user} client=${client} user=${at.user} />`
              : html`<${Nothing} picture="img/leaves.svg" title=${words.pickContact} hint=${words.pickContactHint} />`}
        </section>
      `;
  }
}

/** @param {{client: Client}} props */
export function Shell({ client }) {
  const at = route();
  const content = useRef(/** @type {HTMLElement|null} */ (null));
  const unread = client.chats.unread + client.inbox.unread + client.notices.unread;
  useEffect(() => {
    document.title = (unread ? `(${unread}) ` : "") + words.appName;
  }, [unread, words]);
  const picked = Boolean(at.stream || at.user || at.app || ["new-group", "me", "moments"].includes(at.page));
  const skip = (/** @type {Event} */ e) => {
    e.preventDefault();
    const main = content.current;
    const to = /** @type {HTMLElement|undefined|null} */ (main?.querySelector(".main-pane [role=log] [tabindex='0'], .main-pane h2, h1") ?? main);
    if (to && to.tabIndex < 0) to.tabIndex = -1; // a heading takes the focus only if told so
    to?.focus();
  };
  return html`
    <${Here.Provider} value=${client}>
    <div class=${cls("shell", picked && "picked", (at.stream || at.open) && "talking", at.open && "hosting")}>
      <a class="skip" href="#content" onClick=${skip}>${words.skip}</a>
      <${Navigation} client=${client} at=${at} />
      <main id="content" ref=${content} tabindex="-1">
        <${Banner} client=${client} />
        <div class="panes"><${Panes} client=${client} at=${at} /></div>
      </main>
      <${Questions} />
      <${Toasts} />
    </div>
    <//>
  `;
}
