import { join } from "node:path";
import type { Repository } from "../change/types.js";
import { largestConfiguration } from "../config/layer.js";
import { kindOf, readRegularFile } from "../durable-file.js";
import { ConfigurationError } from "../errors.js";
import type { Sluice } from "../sluice.js";

/** Where a repository keeps its settings, from its top. */
export const configurationPath = ".flow/config.json";

/** Settings as they were found: their text, why they can't be read, or that there are none. */
export type FoundConfiguration =
  | { text: string; origin: string }
  | { why: string; origin: string }
  | { origin: null };

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

/** The same, with what is wrong as an answer. */
export async function workTreeConfiguration(repository: Repository): Promise<FoundConfiguration> {
  if (repository.mainRoot === null) return { origin: null };
  const folder = join(repository.mainRoot, ".flow");
  const kind = await kindOf(folder);
  if (kind === "absent") return { origin: null };
  // A link would show us a file from somewhere else.
  if (kind !== "folder") return { why: `${folder} is not a folder of the repository`, origin: folder };
  const origin = join(repository.mainRoot, configurationPath);
  const content = await readRegularFile(origin, largestConfiguration);
  if (content.state === "absent") return { origin: null };
  if (content.state === "refused") return { why: content.why, origin };
  return { text: content.text, origin };
}
