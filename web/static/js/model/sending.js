// Messages that carry a file: the file goes up first, then the message waits in
// the outbox like any other. Until then they are here, and only as long as the
// page is open.

import { uuid7 } from "./uuid.js";

/** @typedef {import("./media.js").Upload} Upload */

/**
 * @typedef {object} Parcel
 * @property {string} id
 * @property {string} stream
 * @property {string} at
 * @property {Upload} upload
 * @property {string} caption
 * @property {number} [durationMs]
 */

export class Sending {
  /** @type {Parcel[]} in the order sent */
  #all = [];
  #outbox;
  #changed;

  /** @param {import("./outbox.js").Outbox} outbox @param {() => void} changed */
  constructor(outbox, changed) {
    this.#outbox = outbox;
    this.#changed = changed;
  }

  /** @param {string} stream */
  of(stream) {
    return this.#all.filter((p) => p.stream === stream);
  }

  /** How many are on their way. */
  get count() {
    return this.#all.length;
  }

  /** @param {string} stream @param {Upload} upload @param {string} [caption] @param {number} [durationMs] of a recording */
  add(stream, upload, caption = "", durationMs) {
    const parcel = { id: uuid7(), stream, at: new Date().toISOString(), upload, caption, durationMs };
    this.#all.push(parcel);
    this.#follow(parcel);
  }

  /** @param {Parcel} parcel */
  retry(parcel) {
    parcel.upload.retry();
    this.#follow(parcel);
  }

  /** @param {Parcel} parcel */
  cancel(parcel) {
    parcel.upload.cancel();
    this.#drop(parcel);
  }

  /** @param {Parcel} parcel */
  async #follow(parcel) {
    this.#changed();
    const medium = await parcel.upload.done;
    if (!medium || !this.#all.includes(parcel)) return;
    const { kind, body } = await message(parcel, medium);
    this.#drop(parcel);
    this.#outbox.add(parcel.stream, kind, body);
  }

  /** @param {Parcel} parcel */
  #drop(parcel) {
    this.#all = this.#all.filter((p) => p !== parcel);
    parcel.upload.close();
    this.#changed();
  }
}

/** What a file is in a message. Whatever cannot be shown is sent as a file. @param {Parcel} parcel @param {import("./types.js").Medium} medium */
async function message({ upload, caption, durationMs }, medium) {
  const { media, width, height, type } = medium;
  if (upload.kind === "image" && type.startsWith("image/") && width && height) return { kind: "image", body: { media, width, height, ...(caption && { caption }) } };
  if (upload.kind === "voice" && type.startsWith("audio/")) return { kind: "voice", body: { media, duration_ms: medium.duration_ms || durationMs || 1000 } };
  if (upload.kind === "video" && type.startsWith("video/")) {
    const film = await measured(upload.url);
    if (film) return { kind: "video", body: { media, duration_ms: medium.duration_ms || film.duration_ms, width: width || film.width, height: height || film.height } };
  }
  return { kind: "file", body: { media, name: upload.name, size: medium.size } };
}

/** How large and long a film is, if the browser can tell. @param {string} url @returns {Promise<{width: number, height: number, duration_ms: number}|null>} */
function measured(url) {
  return new Promise((done) => {
    const film = document.createElement("video");
    film.preload = "metadata";
    film.onloadedmetadata = () => {
      const known = film.videoWidth > 0 && Number.isFinite(film.duration);
      done(known ? { width: film.videoWidth, height: film.videoHeight, duration_ms: Math.max(1, Math.round(film.duration * 1000)) } : null);
    };
    film.onerror = () => done(null);
    film.src = url;
  });
}
