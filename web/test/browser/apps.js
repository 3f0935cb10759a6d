// Mini-programs for tests: an app with its pages, its templates, and the server
// that it would have.

import assert from "node:assert/strict";
import { crc32 } from "node:zlib";

/** @typedef {import("./server.js").Account} Account */

/** Files as a zip, stored as they are. @param {Record<string, string>} files by name */
export function zip(files) {
  const parts = [];
  const entries = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50);
    head.writeUInt16LE(20, 4);
    head.writeUInt32LE(crc32(data), 14);
    head.writeUInt32LE(data.length, 18);
    head.writeUInt32LE(data.length, 22);
    head.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(20, 4);
    head.copy(entry, 6, 4, 30);
    entry.writeUInt32LE(at, 42);
    parts.push(head, Buffer.from(name), data);
    entries.push(entry, Buffer.from(name));
    at += head.length + name.length + data.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(entries.length / 2, 8);
  end.writeUInt16LE(entries.length / 2, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}

const WAIT_MS = 10_000;

/** A page with a script of its own. @param {string} body @param {string} script its path in the package */
export const page = (body, script) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>A page</title><body>${body}<script src="${script}"></script>`;

/**
 * What every page of these tests begins with: `ask` sends a request, and
 * everything that was heard stands in `heard`.
 */
export const ASKING = `
  var heard = [];
  var asked = 0;
  addEventListener("message", (e) => heard.push(e.data));
  var ask = (op, data) => parent.postMessage({ teahouse: 1, id: ++asked, op, data }, "*");
`;

export class App {
  /** @param {Account} developer @param {string} id @param {string} name @param {string} secret */
  constructor(developer, id, name, secret) {
    this.developer = developer;
    this.server = developer.server;
    this.id = id;
    this.name = name;
    this.secret = secret;
    this.token = "";
    this.keys = 0;
  }

  /** @param {Account} developer @param {string} name @param {string} [summary] */
  static async create(developer, name, summary = "") {
    const made = await developer.call("POST", "/developer/apps", { name, category: "food", summary });
    const app = new App(developer, made.app, name, made.secret);
    const basic = Buffer.from(`${app.id}:${app.secret}`).toString("base64");
    const headers = { Authorization: `Basic ${basic}`, "Content-Type": "application/x-www-form-urlencoded" };
    app.token = (await app.server.send("POST", "/app/token", "grant_type=client_credentials", headers)).access_token;
    return app;
  }

  /** @param {string} method @param {string} path @param {object} [body] */
  call(method, path, body) {
    return this.server.call(method, path, body, this.token);
  }

  /** Hands its pages in. @param {Record<string, string>} files */
  pages(files) {
    const headers = { Authorization: `Bearer ${this.developer.token}`, "Content-Type": "application/zip" };
    return this.server.send("PUT", `/developer/apps/${this.id}/package`, new Blob([zip(files)]), headers);
  }

  /** A template for one notice, approved; or for what else it says. @param {Account} moderator @param {string} title @param {string} pattern @param {object} [of] */
  async template(moderator, title, pattern, of = {}) {
    const made = await this.call("POST", "/app/templates", {
      title, category: "food", scope: "once", page_pattern: pattern,
      params: [
        { key: "table", label: "Your table", type: "code", role: "locked" },
        { key: "come_by", label: "Come at", type: "time", role: "free" },
      ],
      ...of,
    });
    await moderator.call("POST", `/moderation/templates/${made.template}/review`, { version: made.version, decision: "approve", reason: "fine" });
    return made.template;
  }

  /** The grant about a subject, once it was handed over; a window has none. @param {string} subject @returns {Promise<any>} */
  async granted(subject) {
    for (const end = Date.now() + WAIT_MS; Date.now() < end; ) {
      const { items } = await this.call("GET", "/app/grants?after=");
      const found = items.findLast((/** @type {any} */ g) => g.subject === subject);
      if (found) return found;
      await new Promise((go) => setTimeout(go, 50));
    }
    return assert.fail(`nothing was granted about "${subject}"`);
  }

  /** Everything that it may send, about anything. @returns {Promise<any[]>} */
  async grants() {
    return (await this.call("GET", "/app/grants?after=")).items;
  }

  /** Redeems the grant about a subject. @param {string} subject @param {string} at @param {string} to the page to open */
  async notify(subject, at, to) {
    const { grant, template } = await this.granted(subject);
    return this.call("POST", "/app/notices", { grant, template, data: { come_by: { time: at } }, page: to, idempotency_key: `k${++this.keys}` });
  }

  /** Answers within the window. @param {string} kind @param {object} body */
  async reply(kind, body) {
    const { grant } = await this.granted("");
    return this.call("POST", "/app/replies", { window: grant, kind, body, idempotency_key: `r${++this.keys}` });
  }

  /** @param {string} text */
  answer(text) {
    return this.reply("text", { text });
  }

  /** Its developer uploads something to show. @param {{name: string, mimeType: string, buffer: Buffer}} file @returns {Promise<any>} */
  upload({ name, mimeType, buffer }) {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(buffer)], { type: mimeType }), name);
    return this.server.send("POST", "/media", form, { Authorization: `Bearer ${this.developer.token}` });
  }
}
