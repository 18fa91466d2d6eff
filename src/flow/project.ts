import { openRepository } from "../change/repository.js";
import type { Repository } from "../change/types.js";
import { type Loaded, loadConfiguration, loadUserConfiguration } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { readTrust, type Trust } from "../config/trust.js";
import { onThisMachine } from "../local/endpoints.js";
import type { Sluice } from "../sluice.js";
import { readRepositoryConfiguration } from "../state/repository-configuration.js";
import { openStore, type StateStore } from "../state/store.js";

/** A repository as what concerns it and no change works with it. */
export interface Project {
  repository: Repository;
  /** Of the main work tree's settings, as far as they are trusted. */
  config: Config;
  loaded: Loaded;
  trust: Trust | null;
  store: StateStore;
}

/**
 * Opens the repository that a caller may name, with its settings, what a person trusted of them, and its state.
 *
 * @param path undefined for the working directory's
 * @param reach `this-machine` leaves out models that are configured on another one
 * @throws UsageError that says what is wrong with the path; ConfigurationError when the settings can't be read
 */
export async function openProject(
  sluice: Sluice,
  path: string | undefined,
  signal: AbortSignal,
  reach: "anywhere" | "this-machine" = "anywhere",
): Promise<Project> {
  const user = await loadUserConfiguration(sluice);
  const allowed = user.config.repositories;
  const repository = await openRepository(sluice, path, { allowed, signal });
  const [trust, text] = await Promise.all([
    readTrust(sluice, repository.commonDir),
    readRepositoryConfiguration(sluice, repository),
  ]);
  const loaded = await loadConfiguration(sluice, text, trust);
  const config = reach === "anywhere" ? loaded.config : onThisMachine(loaded.config);
  return { repository, config, loaded, trust, store: await openStore(sluice, repository, { signal }) };
}
