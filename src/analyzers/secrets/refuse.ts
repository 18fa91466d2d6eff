import type { Config } from "../../config/schema.js";
import { isSluiceError, messageOf, SourceError, UsageError } from "../../errors.js";
import type { Sluice } from "../../sluice.js";
import { type OutgoingSecret, type OutgoingText, secretsIn } from "./outgoing.js";

const shownSecrets = 5;

/** What a caller can do about it, as sentences. */
export interface Advice {
  /** About a secret that was found: where to take it out. */
  found: string;
  /** About a text that could not be searched. */
  unsearched: string;
}

/**
 * Stops a call to a premium model whose text holds a secret. Exceptions are the user's own, by hash.
 *
 * @param texts all that is sent
 * @throws UsageError that names each of them, and SourceError when a text could not be searched
 */
export async function refuseSecrets(
  texts: readonly OutgoingText[],
  options: { config: Pick<Config, "secrets">; sluice: Sluice; signal: AbortSignal; advice: Advice },
): Promise<void> {
  const { config, sluice, signal, advice } = options;
  let found: OutgoingSecret[];
  try {
    found = await secretsIn(texts, { sluice, signal });
  } catch (error) {
    if (signal.aborted || isSluiceError(error)) throw error;
    throw new SourceError(`Nothing was sent: ${messageOf(error)}.`, advice.unsearched, { kind: "secrets" });
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
    `${advice.found} If it is none, a person adds its SHA-256 to \`secrets.allow\` in their own configuration.`,
  );
}
