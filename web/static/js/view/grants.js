// What apps may still send: the whole list, and taking each back.

import { html, useEffect } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Icon } from "./icons.js";
import { Link } from "./router.js";
import { Params } from "./params.js";
import { toast } from "./toasts.js";
import { useBusy } from "./use.js";
import { remaining } from "../text/values.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */

/** @param {{client: Client, of?: string}} props of: this app's alone */
export function Grants({ client, of }) {
  const [busy, run] = useBusy();
  const { programs } = client;
  useEffect(() => void programs.readGrants().catch(() => {}), [of]);
  const grants = programs.grants?.filter((g) => !of || g.app === of);
  if (!grants) return html`<p class="soft" role="status">…</p>`;
  if (grants.length === 0) return html`<p class="hint with-icon"><${Icon} name="shield" />${of ? words.itMayNothing : words.mayNothing}</p>`;
  return html`
    <ul role="list" class="devices grants" aria-label=${of ? words.itMaySend : words.mayStillSend}>
      ${grants.map((g) => {
        const title = g.scope === "window" ? words.yourMessage : g.title;
        const revoke = () => run(() => programs.revoke(g.id)).then((ok) => ok && toast(words.revoked));
        return html`
          <li key=${g.id}>
            ${!of && html`<${Avatar} id=${g.app} name=${g.app_name} group size="small" />`}
            <div>
              <b dir="auto">${title}</b>
              <span class="soft" dir="auto">
                ${!of && html`<${Link} to=${{ page: "mini-programs", app: g.app }}>${g.app_name}<//> `}${g.scope !== "window" && g.params.length === 0 && words.aboutSubject(g.subject)}
              </span>
              <${Params} params=${g.params} />
              <span class="soft">${remaining(g)}</span>
            </div>
            <button type="button" class="plain small" disabled=${busy} aria-label=${words.revokeNamed(`${title}, ${g.app_name}`)} onClick=${revoke}>${words.revoke}</button>
          </li>
        `;
      })}
    </ul>
  `;
}

/** @param {{client: Client}} props */
export const GrantSheet = ({ client }) => html`
  <section class="sheet" aria-label=${words.mayStillSend}>
    <h2>${words.mayStillSend}</h2>
    <p class="hint">${words.mayStillSendHint}</p>
    <${Grants} client=${client} />
  </section>
`;
