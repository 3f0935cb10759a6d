// Text that somebody wrote, with its web addresses as links.

import { html } from "./dom.js";
import { pieces } from "../text/links.js";

/** @param {{text: string}} props */
export const Written = ({ text }) =>
  pieces(text).map((p) => (p.href ? html`<a href=${p.href} target="_blank" rel="noopener noreferrer nofollow">${p.text}</a>` : p.text));
