import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { link, mkdir, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson } from "../config/json.js";
import { configurationFolder } from "../config/paths.js";
import { errnoOf, readRegularFile } from "../durable-file.js";
import type { Sluice } from "../sluice.js";

/**
 * A seal says that a record was written by this user's Sluice: an HMAC-SHA256 (RFC 2104) with a key that only the
 * user can read. Files in a repository are written by anyone; this is how ours are told apart.
 */
export interface Sealer {
  seal(record: object): string;
  isSealed(record: object): boolean;
}

/** With the user's key, made on first use; null when there is none and none can be made. */
export async function openSealer(sluice: Sluice, options: { create: boolean }): Promise<Sealer | null> {
  const key = (await readKey(sluice)) ?? (options.create ? await createKey(sluice) : null);
  if (key === null) return null;
  const compute = (record: object) => {
    const { seal: _, ...rest } = { seal: undefined, ...record };
    return createHmac("sha256", key)
      .update(`sluice record v1\n${canonicalJson(rest)}`)
      .digest("hex");
  };
  return {
    seal: compute,
    isSealed(record) {
      const given = "seal" in record && typeof record.seal === "string" ? Buffer.from(record.seal) : null;
      const expected = Buffer.from(compute(record));
      return given !== null && given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

function keyPath(sluice: Sluice): string {
  return join(configurationFolder(sluice), "seal.key");
}

async function readKey(sluice: Sluice): Promise<Buffer | null> {
  const content = await readRegularFile(keyPath(sluice), 1_000, "follow");
  const match = content.state === "read" ? /^([0-9a-f]{64})\n?$/.exec(content.text) : null;
  return match?.[1] === undefined ? null : Buffer.from(match[1], "hex");
}

async function createKey(sluice: Sluice): Promise<Buffer | null> {
  const path = keyPath(sluice);
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await mkdir(configurationFolder(sluice), { recursive: true, mode: 0o700 });
    await writeFile(temporary, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
    try {
      // A link fails when the key is there: of two processes that both make one, one wins, whole.
      await link(temporary, path);
    } finally {
      await unlink(temporary);
    }
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    // Somebody else's key, or no key at all: reading it tells.
  }
  return readKey(sluice);
}
