// For whom a moment is: said in a few words, and chosen in a dialog that tells at
// once who would see it.

import { html, cls, useEffect, useState } from "./dom.js";
import { Avatar } from "./avatar.js";
import { Dialog } from "./ask.js";
import { Icon } from "./icons.js";
import { PickFriends } from "./pick-friends.js";
import { complaint, words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */
/** @typedef {import("../model/types.js").Audience} Audience */

const SETTLED_MS = 250;
const NAMED = 6;

const KINDS = /** @type {const} */ (["friends", "private", "only", "except"]);
const ICONS = { friends: "group", private: "lock", only: "person", except: "hide" };

/** @param {Audience} a */
export const audienceIcon = (a) => ICONS[a.kind] ?? "group";

/** Like "Only Family, Bob". @param {Client} client @param {Audience} a @returns {string} */
export function audienceWords(client, a) {
  const whom = [...(a.tags ?? []).map((t) => "#" + t), ...(a.users ?? []).map((u) => client.people.name(u))];
  const names = whom.length > 3 ? words.andMore(whom.slice(0, 3).join(words.listJoin), whom.length - 3) : whom.join(words.listJoin);
  if (a.kind === "only") return words.audienceOnly(names);
  if (a.kind === "except") return words.audienceExcept(names);
  return a.kind === "private" ? words.onlyMe : words.allFriends;
}

/** @param {{client: Client, audience: Audience}} props */
function Preview({ client, audience }) {
  const [seen, setSeen] = useState(/** @type {{users: string[], count: number}|null} */ (null));
  const [wrong, setWrong] = useState("");
  const key = JSON.stringify(audience);
  useEffect(() => {
    let here = true;
    const timer = setTimeout(async () => {
      try {
        const now = await client.moments.preview(audience);
        if (here) setSeen(now), setWrong("");
      } catch (err) {
        if (here) setSeen(null), setWrong(complaint(err));
      }
    }, SETTLED_MS);
    return () => {
      here = false;
      clearTimeout(timer);
    };
  }, [key]);
  if (wrong) return html`<p class="preview wrong" role="alert">${wrong}</p>`;
  if (!seen) return html`<p class="preview soft" role="status">…</p>`;
  const names = seen.users.slice(0, NAMED).map((u) => client.people.name(u)).join(words.listJoin);
  const more = seen.count - Math.min(NAMED, seen.users.length);
  return html`
    <p class="preview" role="status">
      <${Icon} name=${seen.count ? "eye" : "lock"} />
      <span dir="auto">${seen.count ? words.seenBy(seen.count, more > 0 ? words.andMore(names, more) : names) : words.seenByNobody}</span>
    </p>
  `;
}

/** @param {{client: Client, picked: Set<string>, onPick: (tags: Set<string>) => void}} props */
function PickTags({ client, picked, onPick }) {
  const tags = [...new Set([...client.people.tags(words.code), ...picked])];
  if (tags.length === 0) return html`<p class="hint">${words.noTags}</p>`;
  const turn = (/** @type {string} */ tag) => {
    const next = new Set(picked);
    if (!next.delete(tag)) next.add(tag);
    onPick(next);
  };
  return html`
    <div class="chips" role="group" aria-label=${words.tags}>
      ${tags.map((t) => html`<button key=${t} type="button" class=${cls("chip", picked.has(t) && "picked")} aria-pressed=${String(picked.has(t))} dir="auto" onClick=${() => turn(t)}>#${t}</button>`)}
    </div>
  `;
}

/**
 * @param {object} props
 * @param {Client} props.client
 * @param {Audience} props.audience
 * @param {string} props.action what the button says
 * @param {(a: Audience) => void} props.onChoose
 * @param {() => void} props.onClose
 */
export function AudienceDialog({ client, audience, action, onChoose, onClose }) {
  const [kind, setKind] = useState(audience.kind);
  const [users, setUsers] = useState(new Set(audience.users ?? []));
  const [tags, setTags] = useState(new Set(audience.tags ?? []));
  const [live, setLive] = useState(audience.mode !== "snapshot");
  const named = kind === "only" || kind === "except";
  /** @type {Audience} */
  const now = { kind, users: named ? [...users] : [], tags: named ? [...tags] : [], mode: live || kind === "private" ? "live" : "snapshot" };
  const whole = !named || users.size + tags.size > 0;
  return html`
    <${Dialog} title=${words.audience} onClose=${onClose}>
      <fieldset class="kinds">
        <legend class="hidden">${words.audience}</legend>
        ${KINDS.map(
          (k) => html`
            <label key=${k} class=${cls("kind", kind === k && "picked")}>
              <input type="radio" name="audience" checked=${kind === k} onChange=${() => setKind(k)} />
              <${Icon} name=${ICONS[k]} />
              <span><b>${words.audienceKinds[k]}</b><span class="soft">${words.audienceHints[k]}</span></span>
            </label>
          `,
        )}
      </fieldset>
      ${named && html`<${PickTags} client=${client} picked=${tags} onPick=${setTags} /><${PickFriends} client=${client} picked=${users} onPick=${setUsers} legend=${words.friends} />`}
      ${kind !== "private" &&
      html`
        <label class="switch"><span><b class="plain-weight">${words.followTags}</b><br /><span class="hint">${live ? words.followTagsOn : words.followTagsOff}</span></span>
          <input type="checkbox" role="switch" checked=${live} onChange=${(/** @type {any} */ e) => setLive(e.currentTarget.checked)} /></label>
      `}
      <div class="dialog-foot">
        ${whole ? html`<${Preview} client=${client} audience=${now} />` : html`<p class="preview soft" role="status">${words.chooseSomebody}</p>`}
        <div class="actions">
          <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
          <button type="button" class="primary" disabled=${!whole} onClick=${() => onChoose(now)}>${action}</button>
        </div>
      </div>
    <//>
  `;
}

/** @param {string} rule */
const ruleWords = (rule) => words.rules[/** @type {keyof typeof words.rules} */ (rule)] ?? rule;

/** Who sees a moment of ours, and why. @param {{client: Client, m: import("../model/types.js").Moment, onClose: () => void}} props */
export function WhyDialog({ client, m, onClose }) {
  const [all, setAll] = useState(/** @type {{user: string, sees: boolean, rule: string}[]|null} */ (null));
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    client.moments.why(m).then(setAll, (err) => setWrong(complaint(err)));
  }, []);
  const part = (/** @type {boolean} */ sees) => {
    const some = (all ?? []).filter((w) => w.sees === sees);
    if (some.length === 0) return null;
    return html`
      <h3 class="section">${sees ? words.theySee(some.length) : words.theyDoNotSee(some.length)}</h3>
      <ul role="list" class="items why-list" aria-label=${sees ? words.theySee(some.length) : words.theyDoNotSee(some.length)}>
        ${some.map(({ user, rule }) => {
          const name = client.people.name(user);
          return html`
            <li key=${user} class="item person">
              <${Avatar} id=${user} name=${name} size="small" />
              <span class="item-title" dir="auto">${name}</span><span class="item-line">${ruleWords(rule)}</span>
            </li>
          `;
        })}
      </ul>
    `;
  };
  return html`
    <${Dialog} title=${words.whoSees} onClose=${onClose}>
      ${m.audience && html`<p class="soft with-icon"><${Icon} name=${audienceIcon(m.audience)} />${audienceWords(client, m.audience)}</p>`}
      ${wrong && html`<p class="wrong" role="alert">${wrong}</p>`}
      ${!all && !wrong && html`<p class="soft" role="status">…</p>`}
      ${all && all.length === 0 && html`<p class="soft">${words.seenByNobody}</p>`}
      ${part(true)}${part(false)}
    <//>
  `;
}
