import { type OutgoingSecret, type OutgoingText, secretsIn } from "../../analyzers/secrets/outgoing.js";
import type { Change } from "../../change/types.js";
import type { Config } from "../../config/schema.js";
import { isSluiceError, messageOf, SourceError, UsageError } from "../../errors.js";
import type { Sluice } from "../../sluice.js";
import type { Material } from "./material.js";

export interface Outgoing {
  change: Change;
  material: Material;
  /** What else goes along: findings, earlier findings, names. */
  others: readonly string[];
}

const shownSecrets = 5;

/**
 * Stops a call whose text holds a secret. Exceptions are the user's own, by hash.
 *
 * @throws UsageError that names each of them, and SourceError when a text could not be searched
 */
export async function refuseSecrets(
  outgoing: Outgoing,
  { config, sluice, signal }: { config: Pick<Config, "secrets">; sluice: Sluice; signal: AbortSignal },
): Promise<void> {
  let found: OutgoingSecret[];
  try {
    found = await secretsIn(textsOf(outgoing), { sluice, signal });
  } catch (error) {
    if (signal.aborted || isSluiceError(error)) throw error;
    throw new SourceError(
      `Nothing was sent: ${messageOf(error)}.`,
      "Call again. If it stays so, leave that file out with `paths`, and review it elsewhere.",
      { kind: "secrets" },
    );
  }
  const allowed = new Set(config.secrets.allow);
  const seen = new Set<string>();
  const secrets = found.filter(({ hash }) => !allowed.has(hash) && !seen.has(hash) && seen.add(hash));
  if (secrets.length === 0) return;
  const list = secrets
    .slice(0, shownSecrets)
    .map(
      ({ path, line, what, masked, hash }) =>
        `${path}:${line} ${what} (${masked.slice(0, 120)}) sha256 ${hash}`,
    );
  const more = secrets.length > shownSecrets ? ` and ${secrets.length - shownSecrets} more` : "";
  throw new UsageError(
    `Nothing was sent to a premium model: the text holds ${secrets.length === 1 ? "a secret" : `${secrets.length} secrets`}: ${list.join("; ")}${more}.`,
    "Take it out of the change (and revoke it if it was ever real). If it is none, a person adds its SHA-256 to `secrets.allow` in their own configuration.",
  );
}

/** Every text once: files whole, then the lines that only the diff has. */
function textsOf({ change, material, others }: Outgoing): OutgoingText[] {
  const files = material.parts.flatMap(({ path, text }) => (path === null ? [] : [{ path, text }]));
  const whole = new Set(files.map(({ path }) => path));
  const lines = change.files
    .filter(({ kind }) => kind === "text")
    .map(({ path, hunks }) => ({
      path,
      text: hunks
        .flatMap((hunk) => hunk.lines)
        .filter((line) => line.startsWith("-") || (line.startsWith("+") && !whole.has(path)))
        .map((line) => line.slice(1))
        .join("\n"),
    }))
    .filter(({ text }) => text !== "");
  return [...files, ...lines, { path: "the message around the code", text: others.join("\n") }];
}
