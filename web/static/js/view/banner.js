// A line across the page while the connection is not as it should be.

import { html, useEffect, useState } from "./dom.js";
import { words } from "../text/words.js";

/** A connection that is back within this time was not worth a word. */
const QUIET_MS = 1200;

/** @param {{client: import("../model/client.js").Client}} props */
export function Banner({ client }) {
  const { state, reason } = client.session;
  const online = state === "online";
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (online) return;
    const timer = setTimeout(() => setLate(true), QUIET_MS);
    return () => clearTimeout(timer);
  }, [online]);

  let text = "";
  let action;
  if (state === "stopped") {
    text = reason === "replaced" ? words.replaced : words.refused;
    action = { label: reason === "replaced" ? words.useHere : words.reload, act: () => location.reload() };
  } else if (!online && late) {
    text = client.chats.ready ? words.offline : words.reconnecting;
    action = state === "waiting" ? { label: words.reconnect, act: () => client.session.start() } : undefined;
  }
  return html`
    <div class="banner" role="status">
      ${text && html`<p>${text} ${action && html`<button type="button" class="link" onClick=${action.act}>${action.label}</button>`}</p>`}
    </div>
  `;
}
