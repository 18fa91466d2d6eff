import type { Change } from "../change/types.js";
import { brokenFile } from "../config/layer.js";
import { type Loaded, loadConfiguration } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { readTrust, type Trust } from "../config/trust.js";
import { UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import {
  configurationPath,
  type FoundConfiguration,
  workTreeConfiguration,
} from "../state/repository-configuration.js";
import { openStore, type StateStore } from "../state/store.js";

/** What every stage of a review works with. */
export interface ReviewContext {
  config: Config;
  loaded: Loaded;
  trust: Trust | null;
  store: StateStore;
}

/**
 * Settings, trust and state for the review of a change. The repository's settings are those of the base tree, so
 * that a change can't loosen its own review; only where the base has none, those in the main work tree count.
 */
export async function reviewContext(
  sluice: Sluice,
  change: Change,
  options: { signal?: AbortSignal } = {},
): Promise<ReviewContext> {
  const trust = await readTrust(sluice, change.repository.commonDir);
  const found = await repositoryConfiguration(change);
  const loaded = await loadConfiguration(sluice, "text" in found ? found : null, trust);
  if ("why" in found) loaded.problems.push(brokenFile(found.origin, found.why));
  const store = await openStore(sluice, change.repository, options);
  return { config: loaded.config, loaded, trust, store };
}

async function repositoryConfiguration(change: Change): Promise<FoundConfiguration> {
  const { base, objects, repository } = change;
  const committed = `${configurationPath} (${base.label})`;
  try {
    const bytes = await objects.file("base", configurationPath);
    if (bytes !== null) return { text: bytes.toString("utf8"), origin: committed };
  } catch (error) {
    // Too large to be read.
    if (error instanceof UsageError) return { why: error.message, origin: committed };
    throw error;
  }
  return workTreeConfiguration(repository);
}
