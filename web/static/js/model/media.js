// Files on their way up, and pictures and recordings on their way down.

import { at } from "./api.js";
import { asProblem } from "./problem.js";

/** @typedef {import("./types.js").Medium} Medium */
/** @typedef {"image"|"video"|"voice"|"file"} Kind */

/** How much of what nobody looks at any more is kept for looking again, in bytes. */
const KEPT_BYTES = 64 << 20;
/** How often progress is shown, in ms. */
const PROGRESS_MS = 80;

/** What a file is sent as. @param {Blob} file @returns {Kind} */
export const kindOf = (file) => (/^image\/(jpeg|png|gif|webp)$/.test(file.type) ? "image" : file.type.startsWith("video/") ? "video" : "file");

/** One file on its way up. */
export class Upload {
  /** How much of it is there, between 0 and 1. */
  part = 0;
  /** The code of what went wrong; "" while nothing has. */
  problem = "";
  /** What the server made of it, once it is there. @type {Medium|null} */
  medium = null;

  #abort = new AbortController();
  #library;
  #shown = 0;

  /** @param {Library} library @param {Blob} file @param {string} name @param {Kind} kind */
  constructor(library, file, name, kind) {
    this.#library = library;
    this.file = file;
    this.name = name;
    this.kind = kind;
    /** An address of the file while it is here. */
    this.url = kind === "file" ? "" : URL.createObjectURL(file);
    /** What became of it; null if it failed or was cancelled. @type {Promise<Medium|null>} */
    this.done = this.#run();
  }

  /** Tries again after a failure. */
  retry() {
    this.problem = "";
    this.done = this.#run();
  }

  /** Gives it up. What is there already is forgotten by the server. */
  cancel() {
    this.#abort.abort();
    this.close();
  }

  /** It is not shown from here any more. */
  close() {
    URL.revokeObjectURL(this.url);
  }

  async #run() {
    const { api, changed } = this.#library;
    this.part = 0;
    changed();
    try {
      const progress = (/** @type {number} */ part) => {
        this.part = part;
        if (Date.now() - this.#shown < PROGRESS_MS) return;
        this.#shown = Date.now();
        changed();
      };
      this.medium = /** @type {Medium} */ (await api.upload("/media", this.file, this.name, progress, this.#abort.signal));
      this.part = 1;
      if (this.kind !== "file") this.#library.seed(this.medium.media, this.file);
      return this.#abort.signal.aborted ? null : this.medium;
    } catch (err) {
      if (!this.#abort.signal.aborted) this.problem = asProblem(err).code;
      return null;
    } finally {
      changed();
    }
  }
}

/** What was read of media, for as long as somebody looks at it and a while longer. */
export class Library {
  /** @type {Map<string, {url: Promise<string>, users: number, bytes: number}>} the ones unused for longest first */
  #held = new Map();

  /** @param {import("./api.js").Api} api @param {() => void} changed */
  constructor(api, changed) {
    this.api = api;
    this.changed = changed;
  }

  /** @param {Blob} file @param {string} name @param {Kind} kind */
  upload(file, name, kind) {
    return new Upload(this, file, name, kind);
  }

  /**
   * An address for a medium within this page. Who holds it releases it.
   * @param {string} media
   * @param {boolean} [small] its thumbnail is enough
   * @returns {Promise<string>}
   */
  hold(media, small = false) {
    const key = small ? media + "/thumbnail" : media;
    const known = this.#held.get(key) ?? (small ? this.#held.get(media) : undefined);
    if (known) {
      known.users++;
      return known.url;
    }
    const one = { url: Promise.resolve(""), users: 1, bytes: 0 };
    one.url = this.#read(media, small).then((blob) => {
      one.bytes = blob.size;
      return URL.createObjectURL(blob);
    });
    one.url.catch(() => this.#held.delete(key)); // the next one who looks tries again
    this.#held.set(key, one);
    return one.url;
  }

  /** @param {string} media @param {boolean} small @returns {Promise<Blob>} */
  async #read(media, small) {
    if (small) {
      try {
        return await this.api.blob(at`/media/${media}/thumbnail`);
      } catch (err) {
        if (asProblem(err).code !== "not_found") throw err; // some have none
      }
    }
    return this.api.blob(at`/media/${media}`);
  }

  /** @param {string} media @param {boolean} [small] */
  release(media, small = false) {
    const key = small && this.#held.has(media + "/thumbnail") ? media + "/thumbnail" : media;
    const one = this.#held.get(key);
    if (!one || --one.users > 0) return;
    this.#held.delete(key);
    this.#held.set(key, one);
    let bytes = 0;
    for (const [other, { users, bytes: size, url }] of [...this.#held].reverse()) {
      if (users > 0 || (bytes += size) <= KEPT_BYTES) continue;
      this.#held.delete(other);
      url.then(URL.revokeObjectURL, () => {});
    }
  }

  /** What we have sent ourselves need not be read. @param {string} media @param {Blob} file */
  seed(media, file) {
    if (!this.#held.has(media)) this.#held.set(media, { url: Promise.resolve(URL.createObjectURL(file)), users: 0, bytes: file.size });
  }

  /** The bytes of a medium, to be saved as a file. @param {string} media */
  read(media) {
    return this.#read(media, false);
  }

  /** Lets go of everything. */
  close() {
    for (const { url } of this.#held.values()) url.then(URL.revokeObjectURL, () => {});
    this.#held.clear();
  }
}
