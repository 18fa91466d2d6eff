import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type * as z from "zod";
import type { Repository } from "../change/types.js";
import { isObject, type JsonObject, parseJson } from "../config/json.js";
import { stateFolder } from "../config/paths.js";
import { errnoOf, kindOf, readRegularFile, replaceFile, syncFolder } from "../durable-file.js";
import { ConfigurationError, messageOf } from "../errors.js";
import { type HeldLock, LockLost, type LockOptions, withLock } from "../file-lock.js";
import type { Sluice } from "../sluice.js";
import { makeTemporary } from "../temporary.js";
import { type Cache, type CacheLimits, openCache } from "./cache.js";
import { type Journal, noJournal, openJournal } from "./journal.js";
import {
  excludeInGit,
  findPlace,
  findUserPlace,
  isKeptOutOfGit,
  type Place,
  type StateFile,
  stateFolders,
} from "./place.js";

export type { StateFile } from "./place.js";

/** The `schema_version` this version of Sluice writes, and the newest it understands. */
export const schemaVersion = 1;

/**
 * A state file's schema: loose objects, so that unknown keys are kept, and a default for every key, so that `{}` is
 * the empty state.
 */
export type StateSchema<T> = z.ZodType<T>;

/** Where state is kept. What is above `state/` knows only this, so that a store shared by several hosts can come. */
export interface StateStore {
  /** Absolute path of the folder that holds the state files. */
  readonly directory: string;
  /** The top of the repository that the state is about; null for a user's or a bare repository's. */
  readonly top: string | null;
  /** What a person should know about the state: ignored, set aside, not kept. Grows as things are found. */
  readonly warnings: string[];
  /** The state now; the empty state when there is none or when it can't be understood (then there is a warning). */
  read<T>(file: StateFile, schema: StateSchema<T>): Promise<T>;
  /**
   * One locked read-merge-write. `change` gets the state as it is on disk, changes it in place and gives what the
   * caller wants; it may run again when the lock was lost, and must not wait for anything slow. When nothing can be
   * written (read-only, full) the change holds for this store object only, and `warnings` says so.
   *
   * @throws ConfigurationError when a newer Sluice wrote the file
   * @throws SourceError when another process keeps it locked
   */
  update<T, R>(
    file: StateFile,
    schema: StateSchema<T>,
    change: (state: T) => R | Promise<R>,
    options?: LockOptions,
  ): Promise<R>;
  /** An absolute path for a long result, in `cache/results/`, which exists then. The newest 200 are kept. */
  resultFile(name: string): string;
  /** Answers worth keeping, in `cache/<area>/`; the newest 1,000 are kept. */
  cache(area: CacheArea, limits?: CacheLimits): Cache;
  /** Events that `metrics.json` does not hold yet, in `cache/metrics/`. */
  readonly journal: Journal;
}

export type CacheArea = "implement" | "local-model" | "reviews" | ScoutArea;

/** What a scout of the plan phase found. */
type ScoutArea = `${"repo" | "practice" | "docs" | "epic" | "docs-gap" | "memory" | "github"}-scout`;

const largest = 64 * 1024 * 1024;
const keptResults = 200;
/** Opens the state of a repository. Creates nothing yet, and never fails for what it finds: see `warnings`. */
export async function openStore(
  sluice: Sluice,
  repository: Repository,
  options: { signal?: AbortSignal } = {},
): Promise<StateStore> {
  const store = fileStore(sluice, await findPlace(sluice, repository, options.signal));
  store.warnings.push(...(repository.notices ?? []));
  return store;
}

const userStores = new Map<string, StateStore>();

/**
 * Opens what is kept for all repositories of this user. One object per process, so that a state that can't be written
 * at least holds for that long; what is to be warned of is also told to the repository's store. A state folder inside
 * the repository at hand would be committed, or come with it: then the repository's own store is used.
 *
 * @param repository null where there is none
 */
export async function openUserStore(sluice: Sluice, repository: StateStore | null): Promise<StateStore> {
  const directory = stateFolder(sluice);
  const tell = (warnings: readonly string[]) => {
    for (const warning of warnings)
      if (repository?.warnings.includes(warning) === false) repository.warnings.push(warning);
  };
  if (repository !== null && isInside(directory, repository.top)) {
    tell([`${directory} is inside this repository: its quota is kept with the repository.`]);
    return repository;
  }
  let store = userStores.get(directory);
  if (store === undefined) {
    store = fileStore(sluice, await findUserPlace(directory));
    userStores.set(directory, store);
  }
  tell(store.warnings);
  return store;
}

function isInside(path: string, folder: string | null): boolean {
  if (folder === null) return false;
  const way = relative(folder, path);
  return !way.startsWith("..") && !isAbsolute(way);
}

type Content<T> =
  | { state: "good"; value: T; text: string }
  | { state: "empty" }
  | { state: "corrupt"; why: string }
  | { state: "newer"; version: number }
  | { state: "refused"; why: string };

function fileStore(sluice: Sluice, place: Place): StateStore {
  const { directory } = place;
  const warnings = [...place.warnings];
  const unkept = new Map<StateFile, JsonObject>();
  let ready = false;
  let temporary: string | undefined;

  const warn = (message: string) => {
    if (!warnings.includes(message)) warnings.push(message);
  };

  const prepare = async () => {
    if (ready) return;
    // A `.flow/` that was removed meanwhile is not ours to bring back.
    if (!place.flow) await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const folder of stateFolders) await makeFolder(join(directory, folder));
    if (place.flow && !(await isKeptOutOfGit(place))) {
      const warning = await withLock(lockPath("exclude"), {}, () => excludeInGit(place.commonDir));
      if (warning !== null) warn(warning);
    }
    ready = true;
  };

  const lockPath = (file: string) => join(directory, "cache", "locks", `${file}.lock`);

  const load = async <T>(file: StateFile, schema: StateSchema<T>): Promise<Content<T>> => {
    const content = await readRegularFile(join(directory, file), largest);
    if (content.state === "refused") return content;
    if (content.state === "read") return understand(content.text, schema);
    if (place.earlier === null || (await kindOf(place.earlier)) !== "folder") return { state: "empty" };
    // The state goes on in `.flow/` from what was kept before there was one.
    const earlier = await readRegularFile(join(place.earlier, file), largest);
    const understood = earlier.state === "read" ? await understand(earlier.text, schema) : null;
    return understood?.state === "good" ? { ...understood, text: "" } : { state: "empty" };
  };

  /** Moves a file that can't be understood out of the way, under the lock. */
  const setAside = async (file: StateFile, why: string) => {
    const stamp = new Date(sluice.clock()).toISOString().replace(/[:.]/g, "-");
    let name = `${file}.corrupt-${stamp}`;
    for (let copy = 1; existsSync(join(directory, name)); copy += 1)
      name = `${file}.corrupt-${stamp}-${copy}`;
    await rename(join(directory, file), join(directory, name));
    await syncFolder(directory);
    warn(
      `${join(directory, file)} can't be understood (${why}). It was set aside as ${name}; Sluice began a new one.`,
    );
  };

  const notKept = (file: StateFile, why: string) => {
    warn(`Sluice's state is not kept: ${join(directory, file)} ${why}.`);
  };

  /** What this store object holds of a file that can't be written: what is on disk, then what was changed since. */
  const current = async <T>(file: StateFile, schema: StateSchema<T>): Promise<T> => {
    const kept = unkept.get(file);
    if (kept !== undefined) return schema.parse(structuredClone(kept));
    const content = place.usable ? await load(file, schema) : null;
    return content?.state === "good" ? content.value : schema.parse({});
  };

  const inMemory = async <T, R>(
    file: StateFile,
    schema: StateSchema<T>,
    change: (state: T) => R | Promise<R>,
  ) => {
    const state = await current(file, schema);
    const result = await change(state);
    unkept.set(file, toJson(state));
    return result;
  };

  const write = async <T, R>(
    file: StateFile,
    schema: StateSchema<T>,
    change: (state: T) => R | Promise<R>,
    lock: HeldLock,
  ): Promise<R> => {
    await removeLeftovers(file);
    const content = await load(file, schema);
    if (content.state === "newer") {
      throw new ConfigurationError(
        `${join(directory, file)} was written by a newer Sluice (schema_version ${content.version}; this one knows ${schemaVersion}), so it was not changed`,
        "Upgrade this Sluice, then call again.",
      );
    }
    if (content.state === "refused") throw new Refused(content.why);
    if (content.state === "corrupt") await setAside(file, content.why);
    const state = content.state === "good" ? content.value : schema.parse({});
    const result = await change(state);
    const text = `${JSON.stringify({ schema_version: schemaVersion, ...toJson(state) }, null, 1)}\n`;
    if (content.state === "good" && content.text === text) return result;
    await replaceFile(join(directory, file), text, {
      beside: join(directory, "cache", "tmp"),
      ready: () => lock.assertHeld(),
    });
    return result;
  };

  /** Only the lock's holder writes temporary files, so those that are there belong to processes that died. */
  const removeLeftovers = async (file: StateFile) => {
    const folder = join(directory, "cache", "tmp");
    for (const entry of await readdir(folder)) {
      if (entry.startsWith(`${file}.`)) await rm(join(folder, entry), { force: true, recursive: true });
    }
  };

  const events = (folder: string) => join(folder, "cache", "metrics");
  const journal = place.usable
    ? openJournal(events(directory), place.earlier === null ? [] : [events(place.earlier)], async (again) => {
        if (again) ready = false;
        await prepare();
      })
    : noJournal;

  const store: StateStore = {
    directory,
    top: place.top,
    warnings,
    journal: {
      ...journal,
      // What is held in memory only is gone with this process.
      remove: async (names) => (unkept.has("metrics.json") ? undefined : journal.remove(names)),
    },

    async read(file, schema) {
      if (!place.usable || unkept.has(file)) return current(file, schema);
      const content = await load(file, schema);
      switch (content.state) {
        case "good":
          return content.value;
        case "empty":
          return schema.parse({});
        case "newer":
          warn(
            `${join(directory, file)} was written by a newer Sluice (schema_version ${content.version}) and is not read. Upgrade this one.`,
          );
          return schema.parse({});
        case "refused":
          warn(`${join(directory, file)} is not read: ${content.why}.`);
          return schema.parse({});
        case "corrupt":
          // The write finds it corrupt again, now under the lock, and sets it aside.
          return store.update(file, schema, (state) => state);
      }
    },

    async update(file, schema, change, options = {}) {
      if (!place.usable || unkept.has(file)) return inMemory(file, schema, change);
      for (let attempt = 0; ; attempt += 1) {
        // An error of `change` itself is the caller's, whatever its code.
        let failure: { error: unknown } | null = null;
        const guarded: typeof change = async (state) => {
          try {
            return await change(state);
          } catch (error) {
            failure = { error };
            throw error;
          }
        };
        try {
          await prepare();
          return await withLock(lockPath(file), options, (lock) => write(file, schema, guarded, lock));
        } catch (error) {
          if (failure !== null) throw error;
          const code = errnoOf(error);
          if (error instanceof Refused) notKept(file, `is not used: ${error.message}`);
          else if (attempt < 3 && (error instanceof LockLost || code === "ENOENT")) {
            // Somebody took over or removed the folders (`git clean`): once more, from the start.
            ready = false;
            continue;
          } else if (code !== null) notKept(file, `can't be written (${code})`);
          else throw error;
          return inMemory(file, schema, change);
        }
      }
    },

    resultFile(name) {
      const safe =
        name
          .replace(/[^A-Za-z0-9._-]+/g, "-")
          .replace(/^[.-]+/, "")
          .slice(0, 120) || "result";
      if (place.usable) {
        const folder = join(directory, "cache", "results");
        try {
          mkdirSync(folder, { recursive: true, mode: 0o700 });
          pruneResults(folder);
          return withoutLink(join(folder, safe));
        } catch (error) {
          warn(`Long results are not kept in ${folder}: ${messageOf(error)}.`);
        }
      }
      temporary ??= makeTemporary("results", sluice.env.TMPDIR);
      return join(temporary, safe);
    },

    cache(area, limits) {
      return place.usable
        ? openCache(join(directory, "cache", area), prepare, limits, sluice.clock)
        : noCache;
    },
  };
  return store;
}

const noCache: Cache = { get: async () => null, set: async () => {} };

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
}

class Refused extends Error {}

async function understand<T>(text: string, schema: StateSchema<T>): Promise<Content<T>> {
  const json = await parseJson(text, largest);
  if (!json.ok) return { state: "corrupt", why: json.message };
  if (!isObject(json.value)) return { state: "corrupt", why: "it is no JSON object" };
  const version = json.value.schema_version ?? schemaVersion;
  if (typeof version === "number" && version > schemaVersion) return { state: "newer", version };
  const parsed = schema.safeParse(json.value);
  if (parsed.success) return { state: "good", value: parsed.data, text };
  const issue = parsed.error.issues[0];
  return {
    state: "corrupt",
    why: issue === undefined ? "wrong content" : `${issue.path.join(".")}: ${issue.message}`,
  };
}

/** The state as it will be read back. */
function toJson(state: unknown): JsonObject {
  const json: unknown = JSON.parse(JSON.stringify(state));
  if (!isObject(json)) throw new TypeError("a state is an object");
  return json;
}

/** A link that was planted under the name of a result would lead the writer elsewhere. */
function withoutLink(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true) rmSync(path);
  return path;
}

function pruneResults(folder: string): void {
  const names = readdirSync(folder);
  if (names.length < keptResults + 20) return;
  const aged = names
    .map((name) => ({ name, at: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((left, right) => right.at - left.at);
  for (const { name } of aged.slice(keptResults))
    rmSync(join(folder, name), { force: true, recursive: true });
}
