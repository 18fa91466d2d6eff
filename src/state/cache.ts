import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { kindOf, readRegularFile, replaceFile } from "../durable-file.js";

/** What can be thrown away at any time: answers that were paid for once, by a key that says all they depend on. */
export interface Cache {
  /** The value; null when there is none, or none that can be read. Its content is to be validated. */
  get(key: string): Promise<unknown>;
  /** Keeps a value, if it can. Never throws for the disk. */
  set(key: string, value: unknown): Promise<void>;
}

const entryLimit = 256 * 1024;
const kept = 1_000;
const hour = 60 * 60_000;
/** Writes between two looks at how many there are. */
const pruneEvery = 50;

/** How long and how much of a kind is kept. */
export interface CacheLimits {
  /** What was written longer ago goes with the next look. Default: no matter how old. */
  maxAgeHours?: number;
  /** Entries; default 1,000. */
  most?: number;
}

/**
 * Files in one folder, one per key; the newest are kept. A key is a hash in hex.
 *
 * @param clock milliseconds since the epoch
 */
export function openCache(
  folder: string,
  prepare: () => Promise<void>,
  { maxAgeHours = Number.POSITIVE_INFINITY, most = kept }: CacheLimits = {},
  clock: () => number = Date.now,
): Cache {
  let writes = 0;
  const path = (key: string) => {
    if (!/^[0-9a-f]{16,128}$/.test(key)) throw new TypeError(`a key of a cache is a hash, not ${key}`);
    return join(folder, `${key}.json`);
  };
  return {
    async get(key) {
      const file = path(key);
      if ((await kindOf(folder)) !== "folder") return null;
      const content = await readRegularFile(file, entryLimit);
      if (content.state !== "read") return null;
      try {
        const value: unknown = JSON.parse(content.text);
        return value;
      } catch {
        return null;
      }
    },
    async set(key, value) {
      const file = path(key);
      const text = JSON.stringify(value);
      if (text.length > entryLimit) return;
      try {
        await prepare();
        await mkdir(folder, { mode: 0o700, recursive: true });
        if ((await kindOf(folder)) !== "folder") return;
        await replaceFile(file, text);
        writes += 1;
        if (writes % pruneEvery === 1) await prune(folder, most, clock() - maxAgeHours * hour);
      } catch {
        // The answer is lost to the next call, which asks again.
      }
    },
  };
}

/** Leaves the newest, without those from before `oldest`. */
async function prune(folder: string, most: number, oldest: number): Promise<void> {
  const names = await readdir(folder);
  if (names.length <= most && oldest === Number.NEGATIVE_INFINITY) return;
  // Another process may be at it as well.
  const ageOf = async (name: string) => (await stat(join(folder, name)).catch(() => null))?.mtimeMs ?? 0;
  const aged = await Promise.all(names.map(async (name) => ({ name, at: await ageOf(name) })));
  aged.sort((one, other) => other.at - one.at);
  for (const [place, { name, at }] of aged.entries())
    if (place >= most || at < oldest) await rm(join(folder, name), { force: true });
}
