import { link, mkdir, rm, rmdir, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Objects, Side, TreeEntry } from "../../change/types.js";
import { makeTemporary, removeTemporary } from "../../temporary.js";

/** Which part of a tree an engine needs beside the files it analyses. */
export type Family = "ecmascript" | "python";

/**
 * A private folder (0700) with both sides of a change on disk, at `<top>/<family>/<side>`. It stays for the next change
 * of the same repository, which pays for what differs; nothing in a file is ever overwritten in place, because both sides
 * share what is the same by hard links.
 */
export interface Mirror {
  top: string;
  /**
   * Makes a side's folder hold exactly the entries given; head first, so that base can share with it. Gives what is
   * there: without what the disk can't name.
   */
  sync(
    family: Family,
    side: Side,
    entries: readonly TreeEntry[],
    objects: Objects,
  ): Promise<ReadonlyMap<string, string>>;
  /**
   * Called with `top` when the folder goes away; the same function only once. It outlives the change: one that closes
   * over anything of the change would keep all of it.
   */
  onRemove(then: (top: string) => void): void;
  /** Hands it back: kept for a while, or removed. */
  release(): Promise<void>;
}

/** Mirrors that are kept while nobody uses them, over all repositories. */
const keptLimit = 3;
/** Milliseconds that one is kept unused. */
const idleLimit = 10 * 60_000;

class Kept implements Mirror {
  readonly top: string;
  readonly repository: string;
  readonly #listings = new Map<string, Map<string, string>>();
  readonly #removed = new Set<(top: string) => void>();
  #timer: NodeJS.Timeout | null = null;
  #isBroken = false;

  constructor(repository: string, preferred: string | undefined) {
    this.repository = repository;
    this.top = makeTemporary("prescreen", preferred);
  }

  take(): void {
    if (this.#timer) clearTimeout(this.#timer);
    free.delete(this);
  }

  async sync(
    family: Family,
    side: Side,
    entries: readonly TreeEntry[],
    objects: Objects,
  ): Promise<ReadonlyMap<string, string>> {
    const folder = join(this.top, family, side);
    const key = `${family}/${side}`;
    const listing = this.#listings.get(key) ?? new Map<string, string>();
    const shared = side === "base" ? this.#listings.get(`${family}/head`) : undefined;
    const isBrokenBefore = this.#isBroken;
    // Whatever fails midway leaves a folder that nobody may believe.
    this.#isBroken = true;
    // Somebody who tidies temporary folders took it away.
    if ((await mkdir(folder, { recursive: true })) !== undefined) listing.clear();
    const wanted = new Map(entries.map((entry) => [entry.path, entry]));
    const gone = [...listing].filter(([path, id]) => wanted.get(path)?.id !== id).map(([path]) => path);
    await each(gone, (path) => unlink(join(folder, path)));
    for (const path of gone) listing.delete(path);
    await removeEmpty(
      folder,
      gone.filter((path) => !wanted.has(path)),
    );

    const missing = entries.filter(({ path }) => !listing.has(path));
    const same = missing.filter(({ path, id }) => shared?.get(path) === id);
    const parents = new Set(same.map(({ path }) => dirname(join(folder, path))));
    for (const parent of parents) await mkdir(parent, { recursive: true });
    await each(same, ({ path }) => link(join(this.top, family, "head", path), join(folder, path)));
    for (const { path, id } of same) listing.set(path, id);

    const others = new Map(missing.map((entry) => [entry.path, entry]));
    for (const { path } of same) others.delete(path);
    if (others.size > 0) {
      const written = await objects.materialise(side, folder, ({ path }) => others.has(path));
      for (const path of written) listing.set(path, others.get(path)?.id ?? "");
    }
    this.#listings.set(key, listing);
    this.#isBroken = isBrokenBefore;
    // A copy: the next change's sync alters the one that is kept.
    return new Map(listing);
  }

  onRemove(then: (top: string) => void): void {
    this.#removed.add(then);
  }

  async release(): Promise<void> {
    await rm(join(this.top, "scratch"), { recursive: true, force: true }).catch(() => {
      this.#isBroken = true;
    });
    const isSpare = [...free].some(({ repository }) => repository === this.repository);
    if (this.#isBroken || isSpare || this.#listings.size === 0) return this.remove();
    free.add(this);
    this.#timer = setTimeout(() => this.remove(), idleLimit).unref();
    const [oldest] = free;
    if (free.size > keptLimit) await oldest?.remove();
  }

  async remove(): Promise<void> {
    this.take();
    for (const then of this.#removed) then(this.top);
    await removeTemporary(this.top);
  }
}

/** Unused ones, longest unused first. */
const free = new Set<Kept>();

/**
 * A mirror for a repository that nobody else uses until it is released: the one that was left by the last change, or
 * a new one.
 *
 * @param repository names it (its git directory)
 */
export function takeMirror(repository: string, preferred: string | undefined): Mirror {
  const known = [...free].find((mirror) => mirror.repository === repository);
  const mirror = known ?? new Kept(repository, preferred);
  mirror.take();
  return mirror;
}

/** Removes the mirrors that nobody uses. */
export async function removeMirrors(): Promise<void> {
  await Promise.all([...free].map((mirror) => mirror.remove()));
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 64) await Promise.all(items.slice(at, at + 64).map(work));
}

/** Folders that lost their last file go too: an empty one would still be found by a search for packages. */
async function removeEmpty(top: string, paths: readonly string[]): Promise<void> {
  const folders = new Set(paths.map((path) => dirname(path)));
  for (const start of folders) {
    for (let folder = start; folder !== "." && folder !== ""; folder = dirname(folder)) {
      const isRemoved = await rmdir(join(top, folder)).then(
        () => true,
        () => false,
      );
      if (!isRemoved) break;
    }
  }
}
