import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Repository } from "../change/types.js";
import { kindOf, readRegularFile } from "../durable-file.js";
import { SourceError } from "../errors.js";
import { type Resident, startResident } from "../resident-process.js";
import type { Sluice } from "../sluice.js";
import { abortAfter } from "../time-limit.js";
import { pythonEnvironment } from "./flowctl.js";

/** Seconds that flowctl itself waits for one of its locks. */
const wait = 30;

/**
 * Takes a lock as flowctl's `cross_process_lock` does and holds it until stdin closes, which it does at the latest
 * when we are gone. Node has no flock.
 */
const holder = `
import os, sys, time
fd = os.open(sys.argv[1], os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600)
if os.fstat(fd).st_size == 0:
    os.write(fd, b"\\0")
end = time.monotonic() + float(sys.argv[2])
while True:
    try:
        if os.name == "nt":
            import msvcrt
            os.lseek(fd, 0, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        break
    except OSError:
        if time.monotonic() > end:
            print("taken", flush=True)
            sys.exit(1)
        time.sleep(0.02)
print("held", flush=True)
sys.stdin.read()
`;

/** The lock under which flowctl (3.13 and later) gives a new spec its number. */
export const specLock = "native-fn-id-alloc.lock";

/** The lock under which flowctl (3.2 and later) gives tasks of a spec their numbers. */
export function taskLock(spec: string): string {
  return `task-create-${createHash("sha256").update(spec, "utf8").digest("hex").slice(0, 16)}.lock.d`;
}

/**
 * Runs `work` while holding a lock of flowctl's, so that a flowctl which somebody else runs at the same time gives no
 * number twice. Without it where no flowctl that locks has been (the lock would lie in the tree for git to see), and
 * where no Python can hold it: there flowctl does not run either.
 *
 * @throws SourceError (`locked`) when another process keeps it
 */
export async function withFlowctlLock<R>(
  name: string,
  context: { repository: Repository; root: string; sluice: Sluice; signal: AbortSignal | undefined },
  work: () => Promise<R>,
): Promise<R> {
  const { repository, root, sluice, signal } = context;
  const folder = join(root, "locks");
  const path = join(folder, name);
  if (!(await isLocking(root)) || !["absent", "file"].includes(await kindOf(path))) return work();
  await mkdir(folder, { recursive: true });
  const { python, env } = pythonEnvironment(repository, sluice);
  const held = startResident(python, ["-I", "-S", "-c", holder, path, String(wait)], {
    cwd: root,
    env,
    talk: "pipes",
  });
  try {
    const said = await firstLine(held, signal);
    signal?.throwIfAborted();
    if (said === "taken") {
      throw new SourceError(
        `flowctl's lock .flow/locks/${name} was taken for ${wait} s: another process creates there.`,
        "Nothing was written. Call again when that process is done.",
        { kind: "locked" },
      );
    }
    return await work();
  } finally {
    held.kill();
  }
}

/** Whether flowctl's locks are in use in a folder, or would at least be kept out of git there. */
async function isLocking(root: string): Promise<boolean> {
  if ((await kindOf(join(root, "locks"))) === "folder") return true;
  const ignored = await readRegularFile(join(root, ".gitignore"), 1024 * 1024);
  return ignored.state === "read" && /^locks\/\r?$/m.test(ignored.text);
}

/** Null when the process ended, hung or was to be stopped before it said anything. */
function firstLine(resident: Resident, signal: AbortSignal | undefined): Promise<string | null> {
  const { stdout } = resident.child;
  if (stdout === null) return Promise.resolve(null);
  const ends = [abortAfter((wait + 10) * 1_000), ...(signal === undefined ? [] : [signal])];
  return new Promise((resolve) => {
    const nothing = () => resolve(null);
    createInterface({ input: stdout }).once("line", resolve).once("close", nothing);
    void resident.ended.then(nothing);
    for (const end of ends) {
      if (end.aborted) nothing();
      end.addEventListener("abort", nothing, { once: true });
    }
  });
}
