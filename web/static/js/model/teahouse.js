// The client without its views: who is signed in, if anybody. Views read it as it
// is and are drawn anew whenever it changes.

import { Api } from "./api.js";
import { Client } from "./client.js";
import { device, recall, remember } from "./keep.js";

export class Teahouse {
  /** @type {Client|null} */
  client = null;
  /** Why we are not signed in any more: "signed_out", "suspended", "deleted", or "". */
  parting = "";

  /** @param {() => void} changed */
  constructor(changed) {
    this.changed = changed;
    this.api = new Api(() => recall("sign-in", { token: "" }).token);
    this.api.onSignedOut = () => this.forget("signed_out");
    const kept = recall("sign-in", { user: "", token: "" });
    if (kept.token) this.#begin(kept.user, kept.token);
  }

  /** @param {string} user @param {string} password */
  async signIn(user, password) {
    const { token, user: name } = await this.api.post("/sessions", { user, password, device: device() });
    remember("sign-in", { user: name, token });
    this.parting = "";
    this.#begin(name, token);
    this.changed();
  }

  /** @param {string} user @param {string} password @param {string} displayName */
  async createAccount(user, password, displayName) {
    await this.api.post("/accounts", { user, password, display_name: displayName });
    await this.signIn(user, password);
  }

  async signOut() {
    const user = this.client?.user;
    await this.api.delete("/sessions/current").catch(() => {}); // the token is forgotten here in any case
    this.#forgetAll(user, "");
  }

  async deleteAccount() {
    const user = this.client?.user;
    await this.api.delete("/me");
    this.#forgetAll(user, "deleted"); // the connection may have ended before, with fewer words
  }

  /** Nothing of somebody is kept on this device. @param {string|undefined} user @param {string} why */
  #forgetAll(user, why) {
    this.forget(why);
    for (const what of ["outbox", "name", "status"]) remember(`${what}.${user}`, undefined);
  }

  /** The sign-in is over. @param {string} why */
  forget(why) {
    const was = this.client;
    was?.push.forget().catch(() => {}); // whoever signs in next is somebody else
    this.client = null;
    this.parting = why;
    remember("sign-in", undefined);
    was?.session.stop();
    was?.library.close();
    this.changed();
  }

  /** @param {string} user @param {string} token */
  #begin(user, token) {
    this.client = new Client(user, token, this);
    this.client.session.start();
  }
}
