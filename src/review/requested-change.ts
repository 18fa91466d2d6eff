import { type ChangeArguments, openChange } from "../change/change.js";
import { openRepository } from "../change/repository.js";
import type { Change } from "../change/types.js";
import { loadConfiguration, loadUserConfiguration } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { readTrust } from "../config/trust.js";
import { onThisMachine } from "../local/endpoints.js";
import type { Sluice } from "../sluice.js";
import { openStore, type StateStore } from "../state/store.js";
import { type ReviewContext, readRepositoryConfiguration, reviewContext } from "./settings.js";

/** A change that a caller asked about, with the settings and state that its review works with. */
export interface RequestedChange extends ReviewContext {
  change: Change;
}

/**
 * Opens the change that a caller's arguments name, in a repository that the caller may name. Throws UsageError
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
  const context = await reviewContext(sluice, change, { signal });
  return {
    change,
    ...context,
    config: reach === "anywhere" ? context.config : onThisMachine(context.config),
  };
}

/** The same for what concerns a repository but no change: its settings are those of the main work tree. */
export async function openRequestedRepository(
  sluice: Sluice,
  path: string | undefined,
  signal: AbortSignal,
): Promise<{ config: Config; store: StateStore }> {
  const user = await loadUserConfiguration(sluice);
  const allowed = user.config.repositories;
  const repository = await openRepository(sluice, path, { allowed, signal });
  const [trust, text] = await Promise.all([
    readTrust(sluice, repository.commonDir),
    readRepositoryConfiguration(sluice, repository),
  ]);
  const { config } = await loadConfiguration(sluice, text, trust);
  return { config, store: await openStore(sluice, repository, { signal }) };
}
