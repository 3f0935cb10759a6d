// Signing in, and making an account.

import { html, useEffect, useRef, useState } from "./dom.js";
import { asset } from "./asset.js";
import { complaint, words } from "../text/words.js";

/** @typedef {import("../model/teahouse.js").Teahouse} Teahouse */

/** @param {{label: string, hint?: string, [prop: string]: any}} props */
function Field({ label, hint, ...input }) {
  return html`
    <div class="field">
      <label>
        <span>${label}</span>
        <input required ...${input} aria-describedby=${hint && input.name + "-hint"} />
      </label>
      ${hint && html`<p class="hint" id=${input.name + "-hint"}>${hint}</p>`}
    </div>
  `;
}

/** @param {{house: Teahouse}} props */
export function SignIn({ house }) {
  const [creating, setCreating] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));

  useEffect(() => {
    const wanted = creating ? "display_name" : "user";
    /** @type {HTMLInputElement|null} */ (form.current?.elements.namedItem(wanted) ?? null)?.focus();
  }, [creating]);

  const turn = () => {
    setWrong("");
    setCreating(!creating);
  };

  /** @param {SubmitEvent} e */
  const submit = async (e) => {
    e.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (e.currentTarget));
    const text = (/** @type {string} */ name) => String(data.get(name) ?? "");
    setBusy(true);
    setWrong("");
    try {
      if (creating) await house.createAccount(text("user").trim(), text("password"), text("display_name").trim());
      else await house.signIn(text("user").trim(), text("password"));
    } catch (err) {
      setWrong(complaint(err, creating ? {} : { bad_request: words.problems.unauthenticated }));
      setBusy(false);
    }
  };

  const notice = wrong || words.parted[/** @type {keyof typeof words.parted} */ (house.parting)];
  return html`
    <main class="door">
      <div class="door-card">
        <img src=${asset("img/logo.svg")} alt="" width="72" height="72" />
        <h1>${words.appName}</h1>
        <p class="tagline">${words.tagline}</p>
        <form ref=${form} onSubmit=${submit} aria-label=${creating ? words.createAccount : words.signIn}>
          ${creating && html`<${Field} label=${words.name} name="display_name" autocomplete="name" maxlength="64" dir="auto" hint=${words.nameHint} />`}
          <${Field} label=${words.user} name="user" autocomplete="username" autocapitalize="none" spellcheck=${false}
            hint=${creating && words.userHint} />
          <${Field} label=${words.password} name="password" type="password" autocomplete=${creating ? "new-password" : "current-password"}
            hint=${creating && words.passwordHint} />
          <p class="wrong" role="alert">${notice}</p>
          <button type="submit" class="primary" disabled=${busy}>${creating ? words.createAccount : words.signIn}</button>
        </form>
        <p class="turn">
          ${creating ? words.haveAccount : words.newHere}
          <button type="button" class="link" onClick=${turn}>${creating ? words.signIn : words.createAccount}</button>
        </p>
      </div>
      <img class="door-picture" src=${asset("img/table.svg")} alt="" />
    </main>
  `;
}
