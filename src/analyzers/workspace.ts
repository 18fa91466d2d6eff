import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Change, Side, TreeEntry } from "../change/types.js";
import type { Sluice } from "../sluice.js";
import { removeAbandoned } from "../temporary.js";
import { bareEnvironment } from "./bare-environment.js";
import { decode, hasScript, isPython, sizeLimit } from "./files.js";
import { type Family, takeMirror } from "./warm/mirror.js";

export type { Family } from "./warm/mirror.js";

/** Files of one family above which only what the change can reach is written out. */
const fileLimit = 20_000;

/** Private folders with both sides of a change on disk, as far as engines ask for them. */
export interface Workspace {
  /** A folder of ours (0700) for what an engine writes. */
  scratch(name: string): Promise<string>;
  /** Where the sides of a family are, written or not. */
  place(family: Family): string;
  /** Folder with a side's files of a family: the same one for the next change of this repository. */
  folder(side: Side, family: Family): Promise<string>;
  /** What is in that folder: blob ids by path. */
  listing(side: Side, family: Family): Promise<ReadonlyMap<string, string>>;
  /** Called with the folder above those when they go away for good, which may be many changes later. */
  onRemove(then: (top: string) => void): void;
  /** True when a family was too large to be written whole: what is not found there may exist. */
  partial(family: Family): Promise<boolean>;
  /** A side's file as text; null when it is not there, too large, or no text. */
  text(side: Side, path: string): Promise<string | null>;
  /** Every path of a side's tree, with the folders they are in. */
  paths(side: Side): Promise<ReadonlySet<string>>;
  /** Paths of a family on a side, as far as written. */
  sources(side: Side, family: Family): Promise<readonly string[]>;
  /** One of those as text, read anew each time: for searches over many. */
  source(side: Side, family: Family, path: string): Promise<string | null>;
  /** The environment of a child: finds no program by name, and leaves its temporary files with us. */
  environment(): Promise<Record<string, string>>;
  /** An empty folder, for a PATH that finds nothing. (No PATH at all means a default one.) */
  emptyFolder(): Promise<string>;
  /** Hands the folders back, for the next change of the same repository. */
  release(): Promise<void>;
}

/** Takes the folders. The caller releases them, whatever happens. */
export async function openWorkspace(
  change: Change,
  sluice: Sluice,
  reach: (family: Family) => Promise<ReadonlySet<string>>,
): Promise<Workspace> {
  await removeAbandoned(sluice.env.TMPDIR, sluice.clock());
  const mirror = takeMirror(change.repository.gitDir, sluice.env.TMPDIR);
  const { top } = mirror;
  const entries = memoise(
    async (side: Side) => new Map((await change.objects.tree(side)).map((entry) => [entry.path, entry])),
  );
  const wanted = memoise(async (family: Family) => {
    const all = (await change.objects.tree("head")).filter((entry) => belongs(entry, family));
    if (all.length <= fileLimit)
      return { partial: false, takes: (entry: TreeEntry) => belongs(entry, family) };
    const reached = await reach(family);
    const configuration = /(^|\/)(package|[tj]sconfig[^/]*)\.json$/;
    return {
      partial: true,
      takes: (entry: TreeEntry) =>
        belongs(entry, family) && (reached.has(entry.path) || configuration.test(entry.path)),
    };
  });
  const writtenHead = memoise(async (family: Family) => {
    const { takes } = await wanted(family);
    return mirror.sync(family, "head", (await change.objects.tree("head")).filter(takes), change.objects);
  });
  // After head, because what both sides share is linked.
  const writtenBase = memoise(async (family: Family) => {
    await writtenHead(family);
    const { takes } = await wanted(family);
    return mirror.sync(family, "base", (await change.objects.tree("base")).filter(takes), change.objects);
  });
  const written = (side: Side, family: Family) =>
    side === "head" ? writtenHead(family) : writtenBase(family);

  const text = memoise(async (key: `${Side}:${string}`) => {
    const side: Side = key.startsWith("base:") ? "base" : "head";
    const entry = (await entries(side)).get(key.slice(5));
    if (entry?.type !== "blob" || entry.mode === "120000" || (entry.size ?? 0) > sizeLimit) return null;
    const bytes = await change.objects.blob(entry.id, sizeLimit);
    return decode(bytes);
  });
  const paths = memoise(async (side: Side) => {
    const all = new Set<string>();
    for (const { path } of await change.objects.tree(side)) {
      all.add(path);
      for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
        const folder = path.slice(0, at);
        if (all.has(folder)) break;
        all.add(folder);
      }
    }
    return all;
  });

  return {
    scratch: (name) => made(join(top, "scratch", name)),
    place: (family) => join(top, family),
    async folder(side, family) {
      await written(side, family);
      return join(top, family, side);
    },
    listing: written,
    onRemove: (then) => mirror.onRemove(then),
    partial: async (family) => (await wanted(family)).partial,
    text: (side, path) => text(`${side}:${path}`),
    paths,
    sources: async (side, family) => [...(await written(side, family)).keys()],
    async source(side, family, path) {
      await written(side, family);
      return readFile(join(top, family, side, path)).then(decode, () => null);
    },
    async environment() {
      const empty = await made(join(top, "empty"));
      const temporary = await made(join(top, "scratch", "tmp"));
      return bareEnvironment(empty, temporary, sluice.env);
    },
    emptyFolder: () => made(join(top, "empty")),
    release: () => mirror.release(),
  };
}

async function made(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  return folder;
}

function memoise<K, T>(make: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const known = new Map<K, Promise<T>>();
  return (key) => {
    const before = known.get(key);
    if (before) return before;
    const now = make(key);
    known.set(key, now);
    return now;
  };
}

function belongs(entry: TreeEntry, family: Family): boolean {
  if (entry.type !== "blob" || entry.mode === "120000" || (entry.size ?? 0) > sizeLimit) return false;
  if (/(^|\/)(node_modules|\.git)\//.test(entry.path)) return false;
  // Only as data for module resolution; what would configure a checker is never written.
  if (family === "ecmascript") return hasScript(entry.path) || /\.json$/i.test(entry.path);
  return isPython(entry.path) || /(^|\/)py\.typed$/.test(entry.path);
}
