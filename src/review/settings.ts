import { join } from "node:path";
import type { Change, Repository } from "../change/types.js";
import { brokenFile, largestConfiguration } from "../config/layer.js";
import { type Loaded, loadConfiguration } from "../config/load.js";
import type { Config } from "../config/schema.js";
import { readTrust, type Trust } from "../config/trust.js";
import { kindOf, readRegularFile } from "../durable-file.js";
import { ConfigurationError, UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { openStore, type StateStore } from "../state/store.js";

const path = ".flow/config.json";

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

type Found = { text: string; origin: string } | { why: string; origin: string } | { origin: null };

async function repositoryConfiguration(change: Change): Promise<Found> {
  const { base, objects, repository } = change;
  const committed = `${path} (${base.label})`;
  try {
    const bytes = await objects.file("base", path);
    if (bytes !== null) return { text: bytes.toString("utf8"), origin: committed };
  } catch (error) {
    // Too large to be read.
    if (error instanceof UsageError) return { why: error.message, origin: committed };
    throw error;
  }
  return workTreeConfiguration(repository);
}

/**
 * The repository's settings as they stand in the main work tree: what a person looks at when they trust it. Null
 * when there are none.
 *
 * @throws ConfigurationError when the file can't be read, or leads elsewhere
 */
export async function readRepositoryConfiguration(
  _sluice: Sluice,
  repository: Repository,
): Promise<{ text: string; origin: string } | null> {
  const found = await workTreeConfiguration(repository);
  if ("text" in found) return found;
  if (found.origin === null) return null;
  throw new ConfigurationError(
    `${found.origin} is not read: ${found.why}`,
    "Put a regular file in its place.",
  );
}

async function workTreeConfiguration(repository: Repository): Promise<Found> {
  if (repository.mainRoot === null) return { origin: null };
  const folder = join(repository.mainRoot, ".flow");
  const kind = await kindOf(folder);
  if (kind === "absent") return { origin: null };
  // A link would show us a file from somewhere else.
  if (kind !== "folder") return { why: `${folder} is not a folder of the repository`, origin: folder };
  const origin = join(repository.mainRoot, path);
  const content = await readRegularFile(origin, largestConfiguration);
  if (content.state === "absent") return { origin: null };
  if (content.state === "refused") return { why: content.why, origin };
  return { text: content.text, origin };
}
