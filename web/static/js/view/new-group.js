// Making a group of friends.

import { html, useState } from "./dom.js";
import { Icon } from "./icons.js";
import { Link, go } from "./router.js";
import { PickFriends } from "./pick-friends.js";
import { touches, useBusy, useFocusOn } from "./use.js";
import { words } from "../text/words.js";

/** @param {{client: import("../model/client.js").Client}} props */
export function NewGroup({ client }) {
  const [picked, setPicked] = useState(/** @type {Set<string>} */ (new Set()));
  const [name, setName] = useState("");
  const [busy, run] = useBusy();
  const first = useFocusOn("", !touches());
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    run(async () => go({ page: "chats", stream: await client.createGroup(name.trim(), [...picked]) }, { replace: true }));
  };
  return html`
    <header class="talk-head">
      <${Link} to=${{ page: "contacts" }} class="quiet round button back" aria-label=${words.back}><${Icon} name="back" /><//>
      <div class="talk-title"><h2>${words.newGroup}</h2></div>
    </header>
    <div class="scroll">
      <form class="form page-form" onSubmit=${submit}>
        <label class="field"><span>${words.groupName}</span>
          <input ref=${first} required maxlength="64" dir="auto" value=${name} onInput=${(/** @type {any} */ e) => setName(e.currentTarget.value)} /></label>
        <${PickFriends} client=${client} picked=${picked} onPick=${setPicked} />
        <div class="actions">
          <button type="submit" class="primary" disabled=${busy || !name.trim() || picked.size === 0}>${words.create}</button>
        </div>
      </form>
    </div>
  `;
}
