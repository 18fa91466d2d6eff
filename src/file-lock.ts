import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, rmdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { errnoOf } from "./durable-file.js";
import { SourceError } from "./errors.js";
import { isAlive, ownIdentity } from "./process-identity.js";

/**
 * A lock between processes, also of several containers or hosts that share a folder.
 *
 * The lock is a folder with one file in it, whose name holds the owner's token. It is taken by renaming a prepared
 * folder onto it, which fails while there is a file inside, and freed by unlinking that file. So no moment exists in
 * which the lock is held by nobody-knows-whom, and an owner that is judged dead is removed by unlinking *its* file:
 * when somebody else took over first, that name is gone and nothing happens to the new owner.
 */
export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** Milliseconds to wait for the lock. Default 20 s: longer than it takes to see that a remote owner died. */
  wait?: number | undefined;
  /** Milliseconds without a heartbeat after which an owner that can't be asked counts as dead. Default 10 s. */
  staleAfter?: number | undefined;
}

export interface HeldLock {
  /** Throws LockLost when somebody judged us dead (a laptop's sleep, a stopped container) and took over. */
  assertHeld(): Promise<void>;
}

export class LockLost extends Error {}

const heartbeat = 2_000;

const ownerSchema = z.object({
  host: z.string(),
  boot_id: z.string().nullable(),
  pid_namespace: z.string().nullable(),
  pid: z.int(),
  started: z.string().nullable(),
  since: z.string(),
});
type Owner = z.output<typeof ownerSchema>;

/** Runs `work` while holding the lock at `path`, whose folder must exist. Throws SourceError when it stays taken. */
export async function withLock<R>(
  path: string,
  options: LockOptions,
  work: (lock: HeldLock) => Promise<R>,
): Promise<R> {
  const token = randomBytes(12).toString("hex");
  const prepared = `${path}.new-${token}`;
  const fileName = `owner-${token}`;
  const text = JSON.stringify(describeSelf());
  await mkdir(prepared, { mode: 0o700 });
  const handle = await open(join(prepared, fileName), "wx", 0o600);
  // Rewriting the file, rather than setting its times, stamps it with the file system's own clock: the clocks of
  // hosts that share a folder may differ.
  const beat = async () => {
    await handle.write(text, 0);
    return (await handle.stat()).mtimeMs;
  };
  let taken = false;
  let timer: NodeJS.Timeout | undefined;
  try {
    await beat();
    await acquire(path, prepared, beat, options);
    taken = true;
    let beating = Promise.resolve();
    timer = setInterval(() => {
      beating = beat().then(
        () => {},
        () => {},
      );
    }, heartbeat);
    timer.unref();
    await sweep(path);
    try {
      return await work({
        async assertHeld() {
          try {
            await stat(join(path, fileName));
          } catch {
            throw new LockLost(`the lock ${basename(path)} was taken over by another process`);
          }
        },
      });
    } finally {
      clearInterval(timer);
      await beating;
    }
  } finally {
    await handle.close();
    if (taken) await unlink(join(path, fileName)).catch(() => {});
    else await rm(prepared, { recursive: true, force: true });
  }
}

async function acquire(
  path: string,
  prepared: string,
  beat: () => Promise<number>,
  options: LockOptions,
): Promise<void> {
  const deadline = performance.now() + (options.wait ?? 20_000);
  const staleAfter = options.staleAfter ?? 10_000;
  for (let attempt = 0; ; attempt += 1) {
    options.signal?.throwIfAborted();
    if (await take(prepared, path)) return;
    const holder = await readHolder(path);
    if (holder !== null && isDead(holder, await beat(), staleAfter)) {
      await unlink(join(path, holder.name)).catch(() => {});
      if (await take(prepared, path)) return;
    }
    if (performance.now() > deadline) {
      throw new SourceError(
        `Sluice's state is locked by ${describe(holder?.owner ?? null)} (${path})`,
        "Wait for that process or end it, then call again. Nothing was changed.",
        { kind: "locked" },
      );
    }
    // Jitter, so that processes that wait together do not ask together.
    await delay(Math.min(3 + attempt * 2, 40) * (0.5 + Math.random()), undefined, { signal: options.signal });
  }
}

async function take(prepared: string, path: string): Promise<boolean> {
  try {
    await rename(prepared, path);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    // Windows does not rename onto an empty folder.
    if (process.platform === "win32" && (code === "EPERM" || code === "EACCES")) {
      await rmdir(path).catch(() => {});
      return false;
    }
    throw error;
  }
}

interface Holder {
  name: string;
  owner: Owner | null;
  /** Time of the last heartbeat by the file system's clock, in milliseconds. */
  beat: number;
}

async function readHolder(path: string): Promise<Holder | null> {
  try {
    const entries = await readdir(path);
    // What a desktop or a network file system left in there blocks too, and goes when it is old.
    const name = entries.find((entry) => entry.startsWith("owner-")) ?? entries[0];
    if (name === undefined) return null;
    const file = join(path, name);
    const { mtimeMs } = await stat(file);
    return { name, owner: parseOwner(await readFile(file, "utf8")), beat: mtimeMs };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    throw error;
  }
}

function parseOwner(text: string): Owner | null {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function isDead(holder: Holder, now: number, staleAfter: number): boolean {
  const { owner } = holder;
  const self = describeSelf();
  const near =
    owner !== null &&
    owner.host === self.host &&
    owner.boot_id === self.boot_id &&
    owner.pid_namespace === self.pid_namespace;
  // Whoever shares our process table is asked there: a stopped process is slow, not dead.
  if (near) return !isAlive(owner.pid, owner.started);
  return now - holder.beat > staleAfter;
}

function describeSelf(): Owner {
  return { ...ownIdentity(), since: new Date().toISOString() };
}

function describe(owner: Owner | null): string {
  if (owner === null) return "a process that left no name";
  return `process ${owner.pid} on ${owner.host} since ${owner.since}`;
}

const swept = new Set<string>();

/** Removes what processes that died while waiting for this lock left behind: once per process is enough. */
async function sweep(path: string): Promise<void> {
  if (swept.has(path)) return;
  swept.add(path);
  const prefix = `${basename(path)}.new-`;
  const folder = dirname(path);
  const now = Date.now();
  for (const entry of await readdir(folder).catch(() => [])) {
    if (!entry.startsWith(prefix)) continue;
    const left = join(folder, entry);
    const holder = await readHolder(left).catch(() => null);
    // An hour: nobody waits that long, whatever the clocks say. A minute when there is no name in it yet.
    const patience = holder?.owner == null ? 60_000 : 3_600_000;
    const old = await stat(left).then(
      (found) => now - found.mtimeMs > patience,
      () => false,
    );
    if (old || (holder !== null && isDead(holder, holder.beat, Number.POSITIVE_INFINITY))) {
      await rm(left, { recursive: true, force: true }).catch(() => {});
    }
  }
}
