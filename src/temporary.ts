import { mkdtempSync, rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { ConfigurationError, messageOf } from "./errors.js";
import { isDeadMark, markPattern, ownMark } from "./process-identity.js";

const kinds = ["base", "flow", "implement", "index", "objects", "prescreen", "results", "reviewer"] as const;
export type TemporaryKind = (typeof kinds)[number];

/** Folders in use: whatever ends this process in an orderly way takes them along. */
const open = new Set<string>();
process.once("exit", () => {
  for (const folder of open) rmSync(folder, { recursive: true, force: true });
});

/**
 * Makes a private folder (0700) that goes with the process at the latest, except for `results`, which are for
 * somebody to read and stay a day. Where the preferred place (`TMPDIR`) can't
 * be used, the system's serves. Throws ConfigurationError when none can.
 */
export function makeTemporary(kind: TemporaryKind, preferred: string | undefined): string {
  const tried: string[] = [];
  for (const place of places(preferred)) {
    try {
      // In the name for whoever finds it when we were killed.
      const folder = mkdtempSync(join(place, `sluice-${kind}-${ownMark()}-`));
      if (kind !== "results") open.add(folder);
      return folder;
    } catch (error) {
      tried.push(messageOf(error).replace(/, mkdtemp.*/, ` (${place})`));
    }
  }
  throw new ConfigurationError(
    `No temporary folder can be made: ${tried.join("; ")}.`,
    "Free space there, or set TMPDIR to a folder that can be written, in the environment that this server is started with, and start it again.",
  );
}

/** Removes a folder that `makeTemporary` made. Never throws. */
export async function removeTemporary(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  open.delete(folder);
}

const day = 24 * 60 * 60 * 1000;

/**
 * Removes what killed processes of this user left behind: at once where the process is known to be dead, after a day
 * where it can't be known (another container's). Never throws.
 *
 * @param now milliseconds since the epoch
 */
export async function removeAbandoned(preferred: string | undefined, now: number): Promise<void> {
  const [place] = places(preferred);
  if (place === undefined) return;
  for (const name of await readdir(place).catch(() => [])) {
    if (!kinds.some((kind) => name.startsWith(`sluice-${kind}-`))) continue;
    const folder = join(place, name);
    if (open.has(folder)) continue;
    const mark = markPattern.exec(name)?.[0];
    const found = await lstat(folder).catch(() => null);
    const isOurs = found?.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
    if (!found || !isOurs) continue;
    const isDead = mark !== undefined && isDeadMark(mark);
    const patience = mark === undefined || isDead ? day : 7 * day;
    if ((isDead && !name.startsWith("sluice-results-")) || now - found.mtimeMs > patience)
      await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

function places(preferred: string | undefined): string[] {
  const wanted = [preferred ?? "", tmpdir(), ...(process.platform === "win32" ? [] : ["/tmp"])];
  // A relative one would lie in the repository.
  return [...new Set(wanted.filter((place) => isAbsolute(place)))];
}
