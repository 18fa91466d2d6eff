import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Config } from "../config/schema.js";
import { messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";
import { isKnownIdentity, readQuota, recordUsage } from "../state/quota-state.js";
import type { StateStore } from "../state/store.js";
import type { openSource } from "./open-source.js";
import type { SourceStatus } from "./sources.js";

/**
 * What tells one key or sign-in from the next: a SHA-256 over them. Of a file of sign-in only its time and size count,
 * and that it is missing. Never throws.
 *
 * @param values keys, tokens and addresses; null for one that is not set
 * @param files absolute paths
 */
export async function identityOf(
  values: readonly (string | null | undefined)[],
  files: readonly string[] = [],
): Promise<string> {
  const found = await Promise.all(
    files.map((file) =>
      stat(file)
        .then(({ mtimeMs, size }) => [file, mtimeMs, size])
        .catch(() => [file]),
    ),
  );
  const said = JSON.stringify([values.map((value) => value ?? null), found]);
  return createHash("sha256").update(said).digest("hex");
}

/**
 * Tells the quota which key or sign-in each source has now, so that one which was parked until somebody mends it
 * (no credit, not signed in) is asked again when they did. Never throws.
 */
export async function noteIdentities(
  sluice: Sluice,
  {
    store,
    config,
    statuses,
    open,
  }: {
    store: StateStore;
    config: Pick<Config, "premium_sources">;
    statuses: readonly SourceStatus[];
    open: typeof openSource;
  },
): Promise<void> {
  try {
    const seen = await Promise.all(
      statuses.map(async (status) => {
        const source = status.configured ? await open(sluice, config, status) : null;
        return { source: status.source, identity: (await source?.identity?.()) ?? null };
      }),
    );
    const { sources } = await readQuota(store, sluice);
    for (const { source, identity } of seen) {
      // Mostly nothing changed, and nobody needs the lock.
      const known = Object.hasOwn(sources, source) ? sources[source] : undefined;
      if (identity === null || (known !== undefined && isKnownIdentity(known, identity))) continue;
      await recordUsage(store, sluice, { source, requests: 0, identity });
    }
  } catch (error) {
    sluice.log(`whether a premium source has another key or sign-in could not be seen: ${messageOf(error)}`);
  }
}
