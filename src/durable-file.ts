import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, lstat, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

export type FileContent =
  | { state: "read"; text: string }
  | { state: "absent" }
  /** There is something, but it must not or cannot be read. */
  | { state: "refused"; why: string };

/**
 * Reads a file that somebody else may have put there: a link is not followed unless asked, a pipe or device is not
 * waited for, and more than `limit` bytes are refused.
 */
export async function readRegularFile(
  path: string,
  limit: number,
  links: "refuse" | "follow" = "refuse",
): Promise<FileContent> {
  try {
    // O_NOFOLLOW and O_NONBLOCK do not exist on Windows, where there is nothing to guard against with them.
    const noFollow = links === "follow" ? 0 : (constants.O_NOFOLLOW ?? 0);
    const flags = constants.O_RDONLY | noFollow | (constants.O_NONBLOCK ?? 0);
    const handle = await open(path, flags);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return { state: "refused", why: "it is not a regular file" };
      if (stat.size > limit) {
        return { state: "refused", why: `it has ${stat.size} bytes, more than the ${limit} allowed` };
      }
      const bytes = Buffer.alloc(stat.size);
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return { state: "read", text: bytes.subarray(0, filled).toString("utf8") };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return { state: "absent" };
    if (code === "ELOOP") return { state: "refused", why: "it is a symbolic link" };
    if (code !== null) return { state: "refused", why: `it can't be read (${code})` };
    throw error;
  }
}

/**
 * Puts `text` in place of a file in one step: whenever the machine or the process dies, either the old or the new
 * content is there. The file is readable for its owner only.
 *
 * @param beside folder for the temporary file, on the same file system; default the file's own
 * @param ready called when everything is written, before the new content shows: may throw to stop it
 */
export async function replaceFile(
  path: string,
  text: string,
  options: { beside?: string; mode?: number; ready?: () => Promise<void> } = {},
): Promise<void> {
  const name = `${basename(path)}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;
  const temporary = join(options.beside ?? dirname(path), name);
  try {
    await writeSynced(temporary, text, options.mode ?? 0o600);
    await options.ready?.();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {
      // It goes with the next clean-up; the error that matters is the first one.
    });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Makes a file that was not there, whole or not at all, and never in place of another one.
 *
 * @returns false when something stands there already
 */
export async function createFile(path: string, text: string, mode = 0o644): Promise<boolean> {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await writeSynced(temporary, text, mode);
    try {
      await link(temporary, path);
    } catch (error) {
      const code = errnoOf(error);
      if (code === "EEXIST") return false;
      // Some file systems have no hard links: then a crash may leave half a file.
      if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS" && code !== "EOPNOTSUPP") throw error;
      try {
        await writeSynced(path, text, mode);
      } catch (second) {
        if (errnoOf(second) === "EEXIST") return false;
        throw second;
      }
    }
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
  await syncFolder(dirname(path));
  return true;
}

async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes a rename in a folder durable. Where folders can't be synced (Windows, some network shares), does nothing. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // The rename itself is done; only its survival of a power cut is up to the file system.
  }
}

/** What is at a path itself, links not followed. */
export async function kindOf(path: string): Promise<"absent" | "folder" | "file" | "link" | "other"> {
  try {
    const stat = await lstat(path);
    if (stat.isSymbolicLink()) return "link";
    if (stat.isDirectory()) return "folder";
    return stat.isFile() ? "file" : "other";
  } catch (error) {
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return "absent";
    return "other";
  }
}

/** The system's code (`EROFS`, `ENOSPC`, …) of a failed file operation; null for any other error. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  return /^E[A-Z0-9]+$/.test(error.code) ? error.code : null;
}
