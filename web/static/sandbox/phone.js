// A phone: the web client in a frame, at the size of a phone, signed in as somebody.

import { html, useEffect, useState } from "../js/view/dom.js";
import { signIn } from "./server.js";

/** @typedef {import("./desk.js").Demo} Demo */

/** Every client on this origin has the same storage; those in our frames put the frame's name before their keys. @param {string} side */
const keyed = (side) => `teahouse.phone-${side}.`;

/** Gives a phone into somebody's hands. @param {string} side @param {string} user */
async function handOver(side, user) {
  const device = side === "left" ? "Left phone" : "Right phone";
  const token = await signIn(user, device);
  localStorage.setItem(keyed(side) + "device", JSON.stringify(device));
  localStorage.setItem(keyed(side) + "sign-in", JSON.stringify({ user, token }));
}

/**
 * @param {object} props
 * @param {"left"|"right"} props.side
 * @param {Demo[]} props.people
 * @param {string} props.first whose it is in the beginning
 * @param {{path: string}|null} props.wish what it is to show now
 * @param {(side: string, user: string) => void} props.onHold
 */
export function Phone({ side, people, first, wish, onHold }) {
  const [user, setUser] = useState(first);
  const [frame, setFrame] = useState({ turn: 0, path: "/" });
  const [problem, setProblem] = useState("");
  const name = side === "left" ? "Left phone" : "Right phone";
  useEffect(() => {
    let meant = true;
    handOver(side, user).then(
      () => meant && setFrame((f) => ({ turn: f.turn + 1, path: "/" })),
      (err) => meant && setProblem(String(err.message ?? err)),
    );
    onHold(side, user);
    return () => void (meant = false);
  }, [user]);
  useEffect(() => {
    if (wish) setFrame((f) => ({ turn: f.turn + 1, path: wish.path }));
  }, [wish]);
  const pick = (/** @type {any} */ e) => {
    setProblem("");
    setFrame({ turn: 0, path: "/" });
    setUser(e.currentTarget.value);
  };
  return html`
    <section class="phone-place" aria-label=${name}>
      <label class="holder"><span>${name}</span>
        <select value=${user} onChange=${pick}>
          ${people.map((p) => html`<option key=${p.user} value=${p.user}>${p.name}${p.moderator ? " (moderator)" : p.user === "dana" ? " (developer)" : ""}</option>`)}
        </select>
      </label>
      <div class="phone"><div class="screen">
        ${problem ? html`<p class="phone-problem" role="alert">${problem}</p>` : frame.turn > 0 && html`<iframe key=${frame.turn} name=${"phone-" + side} title=${name} src=${frame.path}></iframe>`}
      </div></div>
    </section>
  `;
}
