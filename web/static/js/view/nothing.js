// What is shown where there is nothing to show.

import { html } from "./dom.js";
import { asset } from "./asset.js";

/** @param {{picture: string, title: string, hint: string}} props */
export const Nothing = ({ picture, title, hint }) => html`
  <div class="nothing">
    <img src=${asset(picture)} alt="" />
    <h2>${title}</h2>
    <p>${hint}</p>
  </div>
`;

