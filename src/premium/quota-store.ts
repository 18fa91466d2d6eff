import type { Config } from "../config/schema.js";
import type { Sluice } from "../sluice.js";
import { openUserStore, type StateStore } from "../state/store.js";

/** Where quota is kept: with the repository, or for all repositories of the user (`quota.scope`). */
export function quotaStore(
  sluice: Sluice,
  config: Pick<Config, "quota">,
  repository: StateStore | null,
): Promise<StateStore> | StateStore {
  if (config.quota.scope === "repository" && repository !== null) return repository;
  return openUserStore(sluice, repository);
}
