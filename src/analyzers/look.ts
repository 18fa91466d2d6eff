import type { Change } from "../change/types.js";
import type { Sluice } from "../sluice.js";
import type { Workspace } from "./workspace.js";

/** What a second look at the new findings of a change may look at. */
export interface Look {
  change: Change;
  sluice: Sluice;
  workspace: Workspace;
  signal: AbortSignal;
}
