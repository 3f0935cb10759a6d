// The page begins here: one client, drawn anew whenever it or the route changes.

import { html, render, useEffect, useReducer } from "./view/dom.js";
import { Teahouse } from "./model/teahouse.js";
import { goTo, onRoute } from "./view/router.js";
import { told } from "./view/here.js";
import { Shell } from "./view/shell.js";
import { SignIn } from "./view/signin.js";

let redraw = () => {};
const house = new Teahouse(() => redraw());

function App() {
  const [, again] = useReducer((/** @type {number} */ n) => n + 1, 0);
  useEffect(() => {
    redraw = () => {
      again(undefined);
      told();
    };
    onRoute(redraw);
    redraw();
  }, []);
  const { client } = house;
  if (!client) return html`<${SignIn} house=${house} />`;
  return html`<${Shell} key=${client.user} client=${client} />`;
}

// What may have changed while nobody looked: the network, what was read, the day.
const look = () => {
  house.client?.looked();
  redraw();
};
addEventListener("online", look);
addEventListener("offline", look);
addEventListener("focus", () => redraw());
navigator.serviceWorker?.addEventListener("message", (e) => goTo(e.data?.open)); // a notification was tapped
setInterval(() => redraw(), 60_000); // "5 minutes ago" grows old
document.addEventListener("visibilitychange", look);

render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
