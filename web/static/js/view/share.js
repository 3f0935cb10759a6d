// Sharing something: the box atop the timeline.

import { html, cls, useEffect, useRef, useState } from "./dom.js";
import { AudienceDialog, audienceIcon, audienceWords } from "./audience.js";
import { Avatar } from "./avatar.js";
import { Dialog } from "./ask.js";
import { Icon } from "./icons.js";
import { PickFriends } from "./pick-friends.js";
import { Choose, Tray, begin, filesOf } from "./tray.js";
import { complain, toast } from "./toasts.js";
import { useBusy } from "./use.js";
import { words } from "../text/words.js";

/** @typedef {import("../model/client.js").Client} Client */

const PLACE_MS = 15_000;

/** @param {{client: Client, mentions: string[], onChoose: (users: string[]) => void, onClose: () => void}} props */
function MentionDialog({ client, mentions, onChoose, onClose }) {
  const [picked, setPicked] = useState(new Set(mentions));
  return html`
    <${Dialog} title=${words.mentionPeople} onClose=${onClose}>
      <p class="hint">${words.mentionHint}</p>
      <${PickFriends} client=${client} picked=${picked} onPick=${setPicked} legend=${words.friends} />
      <div class="actions">
        <button type="button" class="plain" onClick=${onClose}>${words.cancel}</button>
        <button type="button" class="primary" onClick=${() => onChoose([...picked])}>${words.done}</button>
      </div>
    <//>
  `;
}

/** @param {{client: Client, onClose: () => void}} props */
function PlaceDialog({ client, onClose }) {
  const { draft } = client.moments;
  const [here, setHere] = useState(draft.place);
  const [name, setName] = useState(draft.place?.name ?? "");
  const find = () =>
    navigator.geolocation?.getCurrentPosition(
      ({ coords }) => setHere({ lat: Number(coords.latitude.toFixed(5)), lng: Number(coords.longitude.toFixed(5)) }),
      () => complain(words.noPosition),
      { timeout: PLACE_MS, maximumAge: 60_000 },
    );
  useEffect(() => {
    if (!here) find();
  }, []);
  /** @param {SubmitEvent} e */
  const submit = (e) => {
    e.preventDefault();
    draft.place = here && { lat: here.lat, lng: here.lng, ...(name.trim() && { name: name.trim() }) };
    client.changed();
    onClose();
  };
  return html`
    <${Dialog} title=${words.location} onClose=${onClose}>
      <form class="form" onSubmit=${submit}>
        <p class="spot soft" role="status"><${Icon} name="place" /><span>${here ? `${here.lat.toFixed(4)}, ${here.lng.toFixed(4)}` : words.locating}</span></p>
        <label class="field"><span>${words.placeName}</span>
          <input maxlength="100" dir="auto" value=${name} autofocus onInput=${(/** @type {any} */ e) => setName(e.currentTarget.value)} /></label>
        <div class="actions">
          ${!here && html`<button type="button" class="plain" onClick=${find}>${words.tryAgain}</button>`}
          <button type="submit" class="primary" disabled=${!here}>${words.done}</button>
        </div>
      </form>
    <//>
  `;
}

/** What goes with the text, to be taken off again. @param {{client: Client}} props */
function Extras({ client }) {
  const { draft } = client.moments;
  if (draft.mentions.length === 0 && !draft.place && !draft.card) return null;
  const drop = (/** @type {() => void} */ how) => () => {
    how();
    client.changed();
  };
  return html`
    <p class="chips">
      ${draft.mentions.map((u) => {
        const name = client.people.name(u);
        return html`<button key=${u} type="button" class="chip picked" aria-label=${words.removeNamed("@" + name)} onClick=${drop(() => (draft.mentions = draft.mentions.filter((m) => m !== u)))}>@${name}<${Icon} name="close" /></button>`;
      })}
      ${draft.place &&
      html`<button type="button" class="chip picked" aria-label=${words.removeNamed(draft.place.name || words.location)} onClick=${drop(() => (draft.place = null))}><${Icon} name="place" />${draft.place.name || words.location}<${Icon} name="close" /></button>`}
      ${draft.card &&
      html`<button type="button" class="chip picked" aria-label=${words.removeNamed(draft.card.title)} onClick=${drop(() => (draft.card = null))}><${Icon} name="programs" />${draft.card.title}<${Icon} name="close" /></button>`}
    </p>
  `;
}

/** @param {{client: Client}} props */
export function Share({ client }) {
  const { moments, people } = client;
  const { draft } = moments;
  const box = useRef(/** @type {any} */ (null));
  const [busy, run] = useBusy();
  const [asking, setAsking] = useState(/** @type {""|"audience"|"mention"|"place"} */ (""));
  const [hover, setHover] = useState(false);
  const most = client.limits.post_media || 9;
  const close = () => setAsking("");
  const over = [...draft.text].length - (client.limits.post_text || 2000);

  const write = (/** @type {any} */ e) => {
    draft.text = e.currentTarget.value;
    client.changed();
  };
  /** Up to nine pictures, or one film. @param {File[]} files */
  const add = (files) => {
    const shown = files.filter((f) => /^(image|video)\//.test(f.type));
    if (shown.length < files.length) toast(words.onlyPictures);
    const film = draft.uploads.find((u) => u.kind === "video") ?? shown.find((f) => f.type.startsWith("video/"));
    const room = film ? (draft.uploads.length ? [] : shown.filter((f) => f === film)) : shown.slice(0, most - draft.uploads.length);
    if (room.length < shown.length) toast(words.picturesMost(most));
    draft.uploads = [...draft.uploads, ...begin(client, room)];
    client.changed();
  };
  const remove = (/** @type {import("../model/media.js").Upload} */ u) => {
    u.cancel();
    draft.uploads = draft.uploads.filter((other) => other !== u);
    client.changed();
    box.current.focus();
  };
  const bring = (/** @type {DataTransfer|null} */ data, /** @type {Event} */ e) => {
    const files = filesOf(data);
    if (files.length === 0) return;
    e.preventDefault();
    add(files);
  };
  /** @param {Event} [e] */
  const submit = (e) => {
    e?.preventDefault();
    if (!draft.ready || busy || over > 0) return;
    run(() => moments.post()).then((ok) => ok && toast(words.posted));
  };
  const onKeyDown = (/** @type {KeyboardEvent} */ e) => {
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey) && !e.isComposing) submit(e);
  };
  return html`
    <form class=${cls("share", hover && "over-it")} aria-label=${words.newMoment} onSubmit=${submit}
      onDragOver=${(/** @type {DragEvent} */ e) => { e.preventDefault(); setHover(true); }} onDragLeave=${() => setHover(false)}
      onDrop=${(/** @type {DragEvent} */ e) => { e.preventDefault(); setHover(false); bring(e.dataTransfer, e); }}>
      <div class="share-row">
        <${Avatar} id=${client.user} name=${people.me.display_name} />
        <textarea ref=${box} rows="1" dir="auto" aria-label=${words.shareSomething} placeholder=${words.shareSomething} value=${draft.text}
          onInput=${write} onKeyDown=${onKeyDown} onPaste=${(/** @type {ClipboardEvent} */ e) => bring(e.clipboardData, e)}></textarea>
      </div>
      <${Tray} uploads=${draft.uploads} onRemove=${remove} />
      <${Extras} client=${client} />
      <div class="share-tools">
        <${Choose} label=${words.addPictures} icon="picture" accept="image/*,video/mp4,video/webm,video/quicktime" onFiles=${add} />
        <button type="button" class="quiet round" aria-label=${words.mentionPeople} title=${words.mentionPeople} onClick=${() => setAsking("mention")}><${Icon} name="mention" /></button>
        <button type="button" class="quiet round" aria-label=${words.addLocation} title=${words.addLocation} onClick=${() => setAsking("place")}><${Icon} name="place" /></button>
        <button type="button" class="quiet small audience-button" aria-label=${words.audienceIs(audienceWords(client, draft.audience))} onClick=${() => setAsking("audience")}>
          <${Icon} name=${audienceIcon(draft.audience)} /><span dir="auto">${audienceWords(client, draft.audience)}</span><${Icon} name="down" />
        </button>
        <button type="submit" class="primary" disabled=${!draft.ready || busy || over > 0}>${words.post}</button>
      </div>
      ${over > 0 && html`<p class="over" role="alert">${words.charactersOver(over)}</p>`}
    </form>
    ${asking === "audience" && html`<${AudienceDialog} client=${client} audience=${draft.audience} action=${words.done} onClose=${close}
      onChoose=${(/** @type {any} */ a) => { draft.audience = a; client.changed(); close(); }} />`}
    ${asking === "mention" && html`<${MentionDialog} client=${client} mentions=${draft.mentions} onClose=${close}
      onChoose=${(/** @type {string[]} */ users) => { draft.mentions = users; client.changed(); close(); }} />`}
    ${asking === "place" && html`<${PlaceDialog} client=${client} onClose=${close} />`}
  `;
}
