import type { World } from "../../src/mcp/world.js";

/** Nothing is set up that could lead out of the process: written out, so that it does not change with the code it is held against. */
export const emptyWorld: World = {
  trustedGates: false,
  tools: false,
  remoteModel: false,
  sources: false,
  unsandboxed: false,
  github: false,
};
