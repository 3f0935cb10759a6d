// The client that views belong to, for small ones deep inside that need it now
// and then: faces, for one.

import { createContext, useContext } from "./dom.js";

/** @type {import("preact").Context<import("../model/client.js").Client|null>} */
export const Here = createContext(/** @type {any} */ (null));

/** @returns {import("../model/client.js").Client|null} null at the door */
export const useClient = () => useContext(Here);
