// A page of a mini-program, shown to somebody: in a message, or in a moment.

import { html } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Link } from "./router.js";
import { useLive } from "./here.js";
import { isPage } from "../model/programs.js";
import { words } from "../text/words.js";

/** The title is what the sharer wrote, the name the one that is registered. @param {{client: import("../model/client.js").Client, card: import("../model/types.js").Card}} props */
export function AppCard({ client, card }) {
  const { app, title, page } = card;
  const name = useLive(() => client.programs.name(app), [app]);
  const to = { page: "mini-programs", app, open: isPage(page) ? page : undefined };
  return html`
    <${Link} class="app-card" to=${to}>
      <${Avatar} id=${app} name=${name || title} group />
      <span class="app-card-text"><b dir="auto">${title}</b><span class="soft" dir="auto">${name && name !== title ? name : words.program}</span></span>
    <//>
  `;
}
