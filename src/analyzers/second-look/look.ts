import type { Change } from "../../change/types.js";
import type { Sluice } from "../../sluice.js";
import type { Workspace } from "../workspace.js";

/** What a second look at the new findings of a change may look at. */
export interface Look {
  change: Change;
  sluice: Sluice;
  workspace: Workspace;
  signal: AbortSignal;
}

/** What a search of ours in another process may look at. */
export interface SearchLook {
  workspace: Pick<Workspace, "paths" | "sources" | "source" | "text">;
  /** A file's path before the change. */
  oldPath(path: string): string;
}
