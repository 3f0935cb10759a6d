// A server of its own for each test file, and people on it.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { uuid7 } from "../../static/js/model/uuid.js";

export { uuid7 };

const PASSWORD = "a pot of oolong";
const READY_MS = 20_000;

let people = 0;

export class Server {
  /** @param {string[]} args @param {"serve"|"dev"} command */
  constructor(args = [], command = "serve") {
    this.args = args;
    this.command = command;
    this.data = mkdtempSync(join(tmpdir(), "teahouse-web-"));
    this.listen = "127.0.0.1:0";
    this.url = "";
    this.ops = "";
  }

  async start() {
    const binary = process.env.TEAHOUSE_BIN;
    if (!binary) throw new Error("TEAHOUSE_BIN does not say where the server is");
    const args = [this.command, "--listen", this.listen, "--ops-listen", "127.0.0.1:0", "--data", this.data, "--limits", "off", ...this.args];
    const server = spawn(binary, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.process = server;
    let log = "";
    server.stderr.on("data", (b) => (log += b));
    const ready = new Promise((go, fail) => {
      createInterface({ input: server.stdout }).on("line", (line) => {
        const found = /teahouse ready listen=(\S+) ops=http:\/\/(\S+)/.exec(line);
        if (found) {
          this.ops = found[2];
          go(found[1]);
        }
      });
      server.on("exit", () => fail(new Error("the server ended: " + log)));
      setTimeout(() => fail(new Error("the server is not ready: " + log)), READY_MS).unref();
    });
    this.url = /** @type {string} */ (await ready);
    this.listen = new URL(this.url).host; // a restart keeps the port
    return this;
  }

  /** Ends it as an operator would. */
  async stop() {
    const server = this.process;
    if (!server || server.exitCode !== null) return;
    const gone = new Promise((go) => server.once("exit", go));
    server.kill("SIGTERM");
    await gone;
  }

  /** Ends it as a power cut would. */
  async kill() {
    const server = this.process;
    if (!server || server.exitCode !== null) return;
    const gone = new Promise((go) => server.once("exit", go));
    server.kill("SIGKILL");
    await gone;
  }

  /** @param {string} method @param {string} path @param {object} [body] @param {string} [token] @returns {Promise<any>} */
  call(method, path, body, token) {
    const headers = { ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) };
    return this.send(method, path, body && JSON.stringify(body), headers);
  }

  /** The same with any body. @param {string} method @param {string} path @param {BodyInit|undefined} body @param {Record<string, string>} headers @returns {Promise<any>} */
  async send(method, path, body, headers) {
    const answer = await fetch(this.url + "/v1" + path, { method, headers, body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** Makes an account with a name of its own. @param {string} name what others see @returns {Promise<Account>} */
  async account(name) {
    const user = `${name.toLowerCase().replace(/[^a-z]/g, "").slice(0, 12) || "guest"}${++people}`;
    await this.call("POST", "/accounts", { user, password: PASSWORD, display_name: name });
    const { token } = await this.call("POST", "/sessions", { user, password: PASSWORD, device: "test" });
    return new Account(this, user, name, token);
  }

  /** Somebody who may approve templates. @returns {Promise<Account>} */
  async moderator() {
    const mo = await this.account("Mo");
    execFileSync(/** @type {string} */ (process.env.TEAHOUSE_BIN), ["user", "role", mo.user, "moderator", "--data", this.data, "--ops-listen", this.ops]);
    return mo;
  }

  /** That many people who are friends of each other. @param {...string} names */
  async friends(...names) {
    const all = await Promise.all(names.map((n) => this.account(n)));
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) {
        await a.call("POST", "/contact-requests", { to: b.user, greeting: "hi" });
        await b.call("POST", `/contact-requests/${a.user}/accept`);
      }
    }
    return all;
  }
}

export class Account {
  /** @param {Server} server @param {string} user @param {string} name @param {string} token */
  constructor(server, user, name, token) {
    this.server = server;
    this.user = user;
    this.name = name;
    this.token = token;
    this.password = PASSWORD;
  }

  /** @param {string} method @param {string} path @param {object} [body] @returns {Promise<any>} */
  call(method, path, body) {
    return this.server.call(method, path, body, this.token);
  }

  /** The direct conversation with somebody. @param {Account} other @returns {Promise<string>} */
  async direct(other) {
    return (await this.call("POST", "/conversations", { with: other.user })).stream;
  }

  /** @param {string} name @param {...Account} members @returns {Promise<string>} */
  async group(name, ...members) {
    return (await this.call("POST", "/groups", { name, members: members.map((m) => m.user) })).stream;
  }

  /** @param {string} stream @param {string} text */
  say(stream, text) {
    return this.call("POST", `/conversations/${stream}/messages`, { message_id: uuid7(), kind: "text", body: { text } });
  }

  /** All messages, ascending. @param {string} stream @returns {Promise<any[]>} */
  async history(stream) {
    return (await this.call("GET", `/conversations/${stream}/messages?limit=200`)).items;
  }
}

