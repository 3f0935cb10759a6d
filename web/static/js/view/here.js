// The client that views belong to, for small ones deep inside that need it now
// and then: faces, for one.

import { createContext, useContext, useEffect, useState } from "./dom.js";

/** @type {import("preact").Context<import("../model/client.js").Client|null>} */
export const Here = createContext(/** @type {any} */ (null));

/** @returns {import("../model/client.js").Client|null} null at the door */
export const useClient = () => useContext(Here);

/** @type {Set<() => void>} */
const looking = new Set();

/** Something about the client is another. */
export const told = () => looking.forEach((look) => look());

/**
 * Something about the client, drawn anew when it is another, also within views
 * that are not.
 * @template T
 * @param {(client: import("../model/client.js").Client|null) => T} read
 * @param {any[]} of what `read` depends on
 * @returns {T}
 */
export function useLive(read, of) {
  const client = useClient();
  const [, setSeen] = useState(/** @type {any} */ (undefined));
  useEffect(() => {
    const look = () => setSeen(read(client));
    look();
    looking.add(look);
    return () => void looking.delete(look);
  }, of);
  return read(client);
}
