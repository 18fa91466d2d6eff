import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { readRegularFile, replaceFile } from "../durable-file.js";
import { ConfigurationError } from "../errors.js";
import { withLock } from "../file-lock.js";
import type { Sluice } from "../sluice.js";
import { parseJson } from "./json.js";
import { configurationFolder } from "./paths.js";

export { sensitiveHash } from "./sensitive.js";

const trustSchema = z.looseObject({
  config_hash: z.string().nullable(),
  commands: z.record(z.string(), z.string()),
  at: z.string(),
});

const trustFile = z.looseObject({
  schema_version: z.int().default(1),
  repositories: z.record(z.string(), z.unknown()).default({}),
});

/** What a person allowed a repository, with `sluice trust`. */
export interface Trust {
  /** `sensitiveHash` of the repository's configuration as it was when it was trusted; null when there was none. */
  config_hash: string | null;
  /** Command line -> SHA-256 of what it would run, in hex. */
  commands: Record<string, string>;
  /** ISO time. */
  at: string;
}

const largest = 8 * 1024 * 1024;

/** What the user trusted in this repository (by its git common directory); null when nothing, or when unreadable. */
export async function readTrust(sluice: Sluice, commonDir: string): Promise<Trust | null> {
  const file = await readTrustFile(join(configurationFolder(sluice), "trust.json"));
  if (file === null) return null;
  const parsed = trustSchema.safeParse(file.repositories[commonDir]);
  return parsed.success ? parsed.data : null;
}

/**
 * Keeps what a person allowed. To be called by the command line only, never for a tool call.
 *
 * @throws ConfigurationError when the user's trust file is damaged or can't be written
 */
export async function writeTrust(sluice: Sluice, commonDir: string, trust: Trust): Promise<void> {
  const folder = configurationFolder(sluice);
  const path = join(folder, "trust.json");
  try {
    await mkdir(join(folder, "locks"), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new ConfigurationError(`${folder} can't be created`, "Check its permissions.", { cause });
  }
  await withLock(join(folder, "locks", "trust.lock"), {}, async (lock) => {
    const file = await readTrustFile(path);
    if (file === null) {
      throw new ConfigurationError(
        `${path} can't be understood, so nothing is trusted and nothing was written`,
        "Repair or delete it, then run `sluice trust` again.",
      );
    }
    const known = file.repositories[commonDir];
    const merged = { ...(typeof known === "object" ? known : {}), ...trust };
    const text = JSON.stringify(
      { ...file, repositories: { ...file.repositories, [commonDir]: merged } },
      null,
      2,
    );
    // A person may keep the file elsewhere and link to it.
    const target = await realpath(path).catch(() => path);
    await replaceFile(target, `${text}\n`, { ready: () => lock.assertHeld() });
  });
}

async function readTrustFile(path: string): Promise<z.output<typeof trustFile> | null> {
  const content = await readRegularFile(path, largest, "follow");
  if (content.state === "absent") return trustFile.parse({});
  if (content.state === "refused") return null;
  const json = await parseJson(content.text, largest);
  if (!json.ok) return null;
  const parsed = trustFile.safeParse(json.value);
  return parsed.success && parsed.data.schema_version <= 1 ? parsed.data : null;
}
