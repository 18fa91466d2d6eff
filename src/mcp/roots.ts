import { fileURLToPath } from "node:url";
import type { Server } from "@modelcontextprotocol/server";
import { messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";

const limit = 2_000;

/**
 * The folders that a client of the older era opened to us, asked for when first needed and again when they
 * change. The newer era has no roots, and a client that doesn't answer in two seconds has none.
 */
export function clientRoots(server: Server, sluice: Sluice): Sluice["roots"] {
  let known: Promise<readonly string[]> | null = null;
  server.setNotificationHandler("notifications/roots/list_changed", () => {
    known = null;
  });
  const ask = async (): Promise<readonly string[]> => {
    const own = await sluice.roots();
    if (server.getClientCapabilities()?.roots === undefined) return own;
    try {
      const { roots } = await server.listRoots(undefined, { timeout: limit });
      return [
        ...own,
        ...roots.filter(({ uri }) => uri.startsWith("file://")).map(({ uri }) => fileURLToPath(uri)),
      ];
    } catch (error) {
      sluice.log(`the client's roots are not known: ${messageOf(error)}`);
      return own;
    }
  };
  return () => {
    known ??= ask();
    return known;
  };
}
