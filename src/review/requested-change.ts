import { type ChangeArguments, openChange } from "../change/change.js";
import type { Change } from "../change/types.js";
import { loadUserConfiguration } from "../config/load.js";
import { specificationOf } from "../flow/specification.js";
import { onThisMachine } from "../local/endpoints.js";
import type { Sluice } from "../sluice.js";
import { type ReviewContext, reviewContext } from "./settings.js";

/** A change that a caller asked about, with the settings and state that its review works with. */
export interface RequestedChange extends ReviewContext {
  change: Change;
}

/**
 * Opens the change that a caller's arguments name, in a repository that the caller may name, with what its task and
 * spec say: every stage sees the same text of them. Throws UsageError
 * that says what is wrong with them.
 *
 * @param reach `this-machine` leaves out models that are configured on another one
 */
export async function openRequestedChange(
  sluice: Sluice,
  args: ChangeArguments,
  signal: AbortSignal,
  reach: "anywhere" | "this-machine" = "anywhere",
): Promise<RequestedChange> {
  const { config } = await loadUserConfiguration(sluice);
  const change = await openChange(sluice, args, { allowed: config.repositories, signal });
  if (change.task !== null) {
    change.specification = await specificationOf(change.repository, sluice, change.task, signal);
  }
  const context = await reviewContext(sluice, change, { signal });
  return {
    change,
    ...context,
    config: reach === "anywhere" ? context.config : onThisMachine(context.config),
  };
}
