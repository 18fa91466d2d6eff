import { readRegularFile } from "../durable-file.js";
import { ConfigurationError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { readEnvironment } from "./environment.js";
import type { JsonObject } from "./json.js";
import {
  brokenFile,
  checkLayer,
  hasPath,
  largestConfiguration,
  merge,
  type Problem,
  readLayer,
} from "./layer.js";
import { userConfigurationPath } from "./paths.js";
import { type NotTrusted, restrict } from "./restrict.js";
import { type Config, configSchema, type GateCommand } from "./schema.js";
import { sensitiveHash } from "./sensitive.js";
import type { Trust } from "./trust.js";

export type { Problem } from "./layer.js";
export type { NotTrusted } from "./restrict.js";

export interface Loaded {
  /** Everything in it is in effect: what is not trusted or wrong is already replaced. */
  config: Config;
  problems: Problem[];
  not_trusted: NotTrusted[];
}

/** The configuration without a repository: defaults, the user's own file, environment variables. Never throws. */
export function loadUserConfiguration(sluice: Sluice): Promise<Loaded> {
  return loadConfiguration(sluice, null, null);
}

/**
 * The configuration in effect: defaults, then the repository's file, then the user's own, then environment
 * variables. Of an untrusted repository's file, what loosens review or chooses what runs or where text goes is
 * listed in `not_trusted` and has no effect. A wrong value is listed in `problems`; never throws for one.
 *
 * @param repository text of the repository's `.flow/config.json`, and what to call it in messages
 */
export async function loadConfiguration(
  sluice: Sluice,
  repository: { text: string; origin: string } | null,
  trust: Trust | null,
): Promise<Loaded> {
  const user = await readUserLayer(sluice);
  const environment = checkEnvironment(sluice);
  const problems = [...user.problems, ...environment.problems];
  const own = merge(user.layer, environment.layer);
  if (repository === null) {
    return { config: effective(configSchema.parse(own), {}), problems, not_trusted: [] };
  }
  const repositoryLayer = await readLayer(repository.text, repository.origin);
  problems.push(...repositoryLayer.problems);
  const trusted = trust !== null && trust.config_hash === sensitiveHash(repository.text);
  const allowed = restrict(repositoryLayer.layer, merge(defaults(), own), trusted);
  // What the user set is in effect either way: then there is nothing to trust.
  const not_trusted = allowed.not_trusted.filter((item) => !hasPath(own, item.key));
  const parsed = configSchema.parse(merge(allowed.config, own));
  const asked = configSchema.parse(repositoryLayer.layer).review.gates.commands;
  const refused = not_trusted.some((item) => item.key === "review.gates.commands");
  return { config: effective(parsed, refused ? asked : {}), problems, not_trusted };
}

/** What the user has to know of a configuration: what was not understood in it, and what is not in effect. */
export function warningsOf({ problems, not_trusted }: Loaded): string[] {
  return [
    ...problems.map(({ message }) => message),
    ...not_trusted.map(
      ({ key, why }) => `${key} of this repository's configuration is not in effect: ${why}`,
    ),
  ];
}

/**
 * Throws when a section (dotted path, as `review.gates`) has a value that was not understood, for what must not go
 * on with a default.
 *
 * @throws ConfigurationError naming key, value and what is allowed
 */
export function requireValid(loaded: Loaded, section: string): void {
  const found = loaded.problems.find(
    ({ key }) =>
      key === "" || key === section || key.startsWith(`${section}.`) || section.startsWith(`${key}.`),
  );
  if (found === undefined) return;
  throw new ConfigurationError(found.message, `Correct it in ${found.origin}, then call again.`);
}

async function readUserLayer(sluice: Sluice): Promise<{ layer: JsonObject; problems: Problem[] }> {
  const path = userConfigurationPath(sluice);
  const content = await readRegularFile(path, largestConfiguration, "follow");
  if (content.state === "absent") return { layer: {}, problems: [] };
  if (content.state === "refused") return { layer: {}, problems: [brokenFile(path, content.why)] };
  return readLayer(content.text, path);
}

function checkEnvironment(sluice: Sluice): { layer: JsonObject; problems: Problem[] } {
  const { layer, names, problems } = readEnvironment(sluice);
  const checked = checkLayer(layer, (key) => `the environment variable ${names.get(key) ?? key}`);
  return { layer: checked.layer, problems: [...problems, ...checked.problems] };
}

function effective(
  parsed: ReturnType<typeof configSchema.parse>,
  asked: Record<string, GateCommand>,
): Config {
  const gates = { ...parsed.review.gates, not_trusted_commands: asked };
  return { ...parsed, review: { ...parsed.review, gates } };
}

/** The defaults as they would stand in a file. */
function defaults(): JsonObject {
  return JSON.parse(JSON.stringify(configSchema.parse({})));
}
