import { isUtf8 } from "node:buffer";
import { constants } from "node:fs";
import { open, readdir, realpath } from "node:fs/promises";
import { basename, join, relative, sep } from "node:path";
import type { Change, Side } from "../change/types.js";
import { UsageError } from "../errors.js";

/** A project's files, from the disk or from one of a change's trees. Paths are relative, `/`-separated. */
export interface ProjectFiles {
  /** A regular file's text, line ends as `\n`; null when it is not there, leaves the project or is over 4 MiB. */
  read(path: string): Promise<string | null>;
  /** The paths, sorted, whose last part matches, at most five folders deep and not in installed dependencies. */
  named(pattern: RegExp): Promise<string[]>;
}

const maxBytes = 4 * 1024 * 1024;
const maxDepth = 5;
const maxEntries = 50_000;
const installed = new Set([".git", "node_modules", ".venv", "venv", "target", ".sluice"]);

/** The files that are checked out below `root` (absolute, links resolved). */
export function filesOnDisk(root: string): ProjectFiles {
  let listing: Promise<string[]> | null = null;
  return {
    async read(path) {
      const file = await resolveInside(root, path);
      return file === null ? null : readText(file);
    },
    async named(pattern) {
      listing ??= walk(root);
      return (await listing).filter((path) => pattern.test(basename(path)));
    },
  };
}

/** The files of one side of a change. Links in the tree are not followed. */
export function filesOfTree(change: Change, side: Side): ProjectFiles {
  return {
    async read(path) {
      const content = await change.objects.file(side, path).catch((error: unknown) => {
        // Larger than is read whole.
        if (error instanceof UsageError) return null;
        throw error;
      });
      return content === null || content.length > maxBytes ? null : asText(content);
    },
    async named(pattern) {
      const found: string[] = [];
      for (const entry of await change.objects.tree(side)) {
        const parts = entry.path.split("/");
        if (entry.type !== "blob" || parts.length > maxDepth + 1 || parts.some((part) => installed.has(part)))
          continue;
        if (pattern.test(parts[parts.length - 1] ?? "")) found.push(entry.path);
      }
      return found.sort();
    },
  };
}

/** The real path of something below `root`; null when it is not there or lies outside. */
export async function resolveInside(root: string, path: string): Promise<string | null> {
  try {
    const real = await realpath(join(root, path));
    return real === root || real.startsWith(root + sep) ? real : null;
  } catch {
    return null;
  }
}

async function readText(file: string): Promise<string | null> {
  try {
    // Not blocking: a named pipe in the project must not hang us.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      return stat.isFile() && stat.size <= maxBytes ? asText(await handle.readFile()) : null;
    } finally {
      await handle.close();
    }
  } catch {
    return null;
  }
}

/** A checkout with CRLF line ends is the same script as the blob it came from. */
function asText(content: Buffer): string {
  return content.toString(isUtf8(content) ? "utf8" : "latin1").replaceAll("\r\n", "\n");
}

async function walk(root: string): Promise<string[]> {
  const found: string[] = [];
  let folders = [root];
  for (let depth = 0; depth <= maxDepth && folders.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of folders) {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (installed.has(entry.name)) continue;
        const path = join(folder, entry.name);
        if (entry.isDirectory()) next.push(path);
        else if (entry.isFile()) found.push(relative(root, path).split(sep).join("/"));
      }
      if (found.length > maxEntries) return found.sort();
    }
    folders = next;
  }
  return found.sort();
}
