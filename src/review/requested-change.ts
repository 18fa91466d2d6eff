import { type ChangeArguments, openChange } from "../change/change.js";
import { openRepository } from "../change/repository.js";
import type { Change, Repository } from "../change/types.js";
import { type Loaded, loadUserConfiguration } from "../config/load.js";
import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";
import { openStore, type StateStore } from "../state/store.js";
import { type ReviewContext, reviewContext } from "./settings.js";

/** A change that a caller asked about, with the settings and state that its review works with. */
export interface RequestedChange extends ReviewContext {
  change: Change;
}

/**
 * Opens the change that a caller's arguments name, in a repository that the caller may name. Throws UsageError
 * that says what is wrong with them.
 */
export async function openRequestedChange(
  sluice: Sluice,
  args: ChangeArguments,
  signal: AbortSignal,
): Promise<RequestedChange> {
  const { config } = await loadUserConfiguration(sluice);
  const change = await openChange(sluice, args, { allowed: config.repositories, signal });
  return { change, ...(await reviewContext(sluice, change, { signal })) };
}

/** The same for what concerns a repository but no change: with the user's own settings only. */
export async function openRequestedRepository(
  sluice: Sluice,
  path: string | undefined,
  signal: AbortSignal,
): Promise<{ repository: Repository; config: Config; loaded: Loaded; store: StateStore }> {
  const loaded = await loadUserConfiguration(sluice);
  const repository = await openRepository(sluice, path, { allowed: loaded.config.repositories, signal });
  return {
    repository,
    config: loaded.config,
    loaded,
    store: await openStore(sluice, repository, { signal }),
  };
}
