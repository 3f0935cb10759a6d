// One thing that an app asks to send, drawn from what the server says and from
// nothing else: while one decides, and later when one looks why a notice came.

import { html } from "./dom.js";
import { Icon } from "./icons.js";
import { Params } from "./params.js";
import { allowance } from "../text/values.js";

/** @param {{item: import("../model/types.js").SheetItem}} props */
export const SheetItem = ({ item }) => html`
  <div class="sheet-item">
    <p class="sheet-title" dir="auto">${item.title}</p>
    <${Params} params=${item.params} />
    <p class="with-icon sheet-uses"><${Icon} name="bell" />${allowance(item)}</p>
  </div>
`;
