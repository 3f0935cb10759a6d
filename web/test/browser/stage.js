// What the tests of a file share.

import { after, afterEach, before } from "node:test";
import { House } from "./people.js";
import { Server } from "./server.js";

/**
 * A server and a house of browsers in front of it for all tests of a file: there
 * before the first, the house empty after each, gone after the last. ready is called
 * when both are there.
 * @param {{args?: string[], command?: "serve"|"dev", ready?: () => Promise<void>}} [options] args and command are the server's
 */
export function stage({ args, command, ready } = {}) {
  const server = new Server(args, command);
  const house = new House(server);
  before(async () => {
    await server.start();
    await house.open();
    await ready?.();
  });
  afterEach(() => house.empty());
  after(async () => {
    await house.close();
    await server.stop();
  });
  return { server, house };
}
