// Files that were chosen and go up while one still writes.

import { html, useRef } from "./dom.js";
import { Icon } from "./icons.js";
import { toast } from "./toasts.js";
import { kindOf } from "../model/media.js";
import { complaint, words } from "../text/words.js";
import { size } from "../text/size.js";

/** @typedef {import("../model/media.js").Upload} Upload */
/** @typedef {import("../model/client.js").Client} Client */

/** Begins to send files up. What is too large is said, not tried. @param {Client} client @param {Iterable<File>} files @returns {Upload[]} */
export function begin(client, files) {
  const most = client.limits.media_bytes || 100 << 20;
  return [...files].flatMap((file) => {
    if (file.size <= most && file.size > 0) return client.library.upload(file, file.name || "picture", kindOf(file));
    toast(words.fileTooLarge(file.name, size(most)));
    return [];
  });
}

/** The files that a paste or a drop brings. @param {DataTransfer|null} data @returns {File[]} */
export const filesOf = (data) => [...(data?.files ?? [])];

/** How far one is. @param {{upload: Upload}} props */
export function Progress({ upload }) {
  if (upload.medium || upload.problem) return null;
  return html`<progress class="upload-progress" max="1" value=${upload.part} aria-label=${words.uploading(upload.name)}></progress>`;
}

/** @param {{uploads: Upload[], onRemove: (u: Upload) => void}} props */
export function Tray({ uploads, onRemove }) {
  if (uploads.length === 0) return null;
  return html`
    <ul role="list" class="tray" aria-label=${words.attached}>
      ${uploads.map(
        (u, i) => html`
          <li key=${u.url || u.name + i} class=${u.kind === "file" ? "tray-file" : ""}>
            ${u.kind === "image" && html`<img src=${u.url} alt=${u.name} />`}
            ${u.kind === "video" && html`<video src=${u.url} muted preload="metadata" aria-label=${u.name}></video>`}
            ${u.kind === "file" && html`<${Icon} name="file" /><span dir="auto">${u.name}</span>`}
            <${Progress} upload=${u} />
            ${u.problem &&
            html`<button type="button" class="tray-again" title=${complaint({ code: u.problem })} aria-label=${`${words.tryAgain}: ${u.name}`} onClick=${() => u.retry()}><${Icon} name="recall" /></button>`}
            <button type="button" class="tray-remove" aria-label=${words.removeNamed(u.name)} title=${words.remove} onClick=${() => onRemove(u)}><${Icon} name="close" /></button>
          </li>
        `,
      )}
    </ul>
  `;
}

/** A button that lets one choose files. @param {{label: string, icon: string, accept?: string, onFiles: (files: File[]) => void, text?: string}} props */
export function Choose({ label, icon, accept, onFiles, text }) {
  const input = useRef(/** @type {HTMLInputElement|null} */ (null));
  const onChange = (/** @type {any} */ e) => {
    onFiles([...e.currentTarget.files]);
    e.currentTarget.value = "";
  };
  return html`
    <button type="button" class=${text ? "quiet small" : "quiet round"} aria-label=${label} title=${label} onClick=${() => input.current?.click()}>
      <${Icon} name=${icon} />${text}
    </button>
    <input ref=${input} type="file" multiple hidden accept=${accept} onChange=${onChange} />
  `;
}
