import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { errnoOf } from "../durable-file.js";

/**
 * Lines that many processes add at once without a lock, and that one of them takes out.
 *
 * A line is one `write` to a file opened for appending, so that lines never mix. Whoever takes lines out renames the file
 * and writes a last line into it, the seal: what stands before it is taken, what stands after it is not. A writer that
 * finds its file renamed looks where its line ended up, and adds it again when it came too late. So every line that was
 * acknowledged is taken exactly once, whoever is killed when.
 */
export interface Journal {
  /**
   * Adds a line, or some in one piece, each of them unique. Gives the bytes that are waiting to be taken out; null when
   * nothing can be kept. Never throws.
   */
  append(lines: string): Promise<number | null>;
  /** What is waiting, without changing anything. A line may have been cut off by a full disk. */
  read(): Promise<Segment[]>;
  /** The same, sealed: nothing is added to these any more. For one process at a time. */
  seal(): Promise<Segment[]>;
  /** Forgets sealed segments, once what they hold is kept elsewhere. */
  remove(names: readonly string[]): Promise<void>;
}

export interface Segment {
  /** Unique for good. */
  name: string;
  lines: string[];
}

const current = "events.jsonl";
const sealed = /^sealed-[0-9a-f]{16,}\.jsonl$/;
const seal = '{"sealed":true}';
/** Bytes of one file beyond which nothing more is kept: whoever should take lines out can't. */
const fullAt = 2 * 1024 * 1024;
/** Sealed files beyond which nothing more is sealed. */
const mostSealed = 8;

/**
 * A journal in a folder.
 *
 * @param earlier folders where lines may still be waiting from before
 * @param prepare makes the folder; `again` when it was there and is gone
 */
export function openJournal(
  folder: string,
  earlier: readonly string[],
  prepare: (again: boolean) => Promise<void>,
): Journal {
  const folders = [folder, ...earlier];
  return {
    async append(lines) {
      const text = `\n${lines}\n`;
      for (let attempt = 0; attempt < 10; attempt += 1) {
        try {
          await prepare(attempt > 0);
          const size = await appendOnce(join(folder, current), text);
          if (size !== "too late") return size;
        } catch (error) {
          // Somebody cleaned up (`git clean`): once more, from the start.
          if (errnoOf(error) !== "ENOENT" || attempt > 2) return null;
        }
      }
      return null;
    },
    async read() {
      const segments: Segment[] = [];
      // What is sealed meanwhile is there twice rather than not at all.
      for (const one of folders) {
        segments.push(...(await segmentIn(one, current, false)));
        for (const name of await namesIn(one)) segments.push(...(await segmentIn(one, name, false)));
      }
      return withoutRepetition(segments);
    },
    async seal() {
      const segments: Segment[] = [];
      for (const one of folders) {
        if ((await namesIn(one)).length < mostSealed) await moveAway(one);
        for (const name of await namesIn(one)) segments.push(...(await segmentIn(one, name, true)));
      }
      return segments;
    },
    async remove(names) {
      for (const one of folders)
        for (const name of names) if (sealed.test(name)) await rm(join(one, name), { force: true });
    },
  };
}

/** A store that keeps nothing has no journal. */
export const noJournal: Journal = {
  append: async () => null,
  read: async () => [],
  seal: async () => [],
  remove: async () => {},
};

const ours = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

async function appendOnce(path: string, text: string): Promise<number | null | "too late"> {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | ours;
  const handle = await open(path, flags, 0o600);
  try {
    const before = await handle.stat({ bigint: true });
    if (!before.isFile() || before.size > fullAt) return null;
    const bytes = Buffer.from(text);
    const { bytesWritten } = await handle.write(bytes);
    // The disk is full: what stands there now is no line.
    if (bytesWritten < bytes.length) return null;
    const there = await stat(path, { bigint: true }).catch(() => null);
    if (there?.ino === before.ino && there.dev === before.dev) return Number(there.size);
    const { after } = parts(await content(handle));
    return after.includes(text.trim()) ? "too late" : bytes.length;
  } finally {
    await handle.close();
  }
}

async function moveAway(folder: string): Promise<void> {
  try {
    await rename(join(folder, current), join(folder, `sealed-${randomBytes(8).toString("hex")}.jsonl`));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => sealed.test(name)).sort();
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return [];
  }
}

/** @param close puts the seal in where it is missing */
async function segmentIn(folder: string, name: string, close: boolean): Promise<Segment[]> {
  let handle: FileHandle;
  try {
    const flags = (close ? constants.O_RDWR | constants.O_APPEND : constants.O_RDONLY) | ours;
    handle = await open(join(folder, name), flags);
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    return [];
  }
  try {
    const { size, isFile } = await handle
      .stat()
      .then((found) => ({ size: found.size, isFile: found.isFile() }));
    // Nothing of ours is that large.
    if (!isFile || size > 8 * fullAt) return [];
    let found = parts(await content(handle));
    if (close && !found.sealed) {
      await handle.write(`\n${seal}\n`);
      found = parts(await content(handle));
      // Without the seal nobody knows where it ends: the next one tries again.
      if (!found.sealed) return [];
    }
    return [{ name, lines: found.before.split("\n").filter((line) => line !== "") }];
  } finally {
    await handle.close();
  }
}

function withoutRepetition(segments: readonly Segment[]): Segment[] {
  const seen = new Set<string>();
  return segments.map(({ name, lines }) => ({
    name,
    lines: lines.filter((line) => !seen.has(line) && seen.add(line)),
  }));
}

function parts(text: string): { before: string; after: string; sealed: boolean } {
  const at = text.indexOf(`\n${seal}\n`);
  if (at === -1) return { before: text, after: "", sealed: false };
  return { before: text.slice(0, at), after: text.slice(at + seal.length + 2), sealed: true };
}

async function content(handle: FileHandle): Promise<string> {
  const { size } = await handle.stat();
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled).toString("utf8");
}
