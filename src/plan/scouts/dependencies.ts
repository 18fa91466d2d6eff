import { join, posix } from "node:path";
import { readRegularFile } from "../../durable-file.js";
import { lockEcosystem, pinnedIn } from "./dependencies/locks.js";
import {
  type Declared,
  type Ecosystem,
  isManifest,
  pypiName,
  readManifest,
} from "./dependencies/manifests.js";
import type { Ground } from "./ground.js";

/** Something that the project builds on. */
export interface Dependency extends Declared {
  /** What a lock file pins; null where none does. */
  version: string | null;
  /** Path of the manifest that asks for it. */
  manifest: string;
  /** Path of the lock file that pins it; null where none does. */
  lock: string | null;
}

export interface Dependencies {
  /** Those a program runs with first; each name once per ecosystem. */
  all: readonly Dependency[];
  /** `node >=20`, with the manifest that says so. */
  runtimes: readonly { text: string; manifest: string }[];
  manifests: readonly string[];
  /** What this repository itself is, by its manifests; none of it is in `all`. */
  own: readonly Dependency[];
  notes: readonly string[];
}

const lockLimit = 16 * 1024 * 1024;
const mostManifests = 40;
const mostLocks = 10;
const known = new WeakMap<Ground, Promise<Dependencies>>();

/** What a project depends on, by its manifests and lock files, read as data. Once per ground. */
export function dependenciesOf(ground: Ground): Promise<Dependencies> {
  let found = known.get(ground);
  if (found === undefined) {
    found = look(ground);
    known.set(ground, found);
  }
  return found;
}

/** Folders whose manifests are no part of what is built. */
const aside =
  /(?:^|\/)(?:node_modules|vendor|third_party|fixtures?|__fixtures__|testdata|templates?|examples?|samples?|benchmarks?|e2e|dist|build)(?:\/|$)/;

async function look(ground: Ground): Promise<Dependencies> {
  const notes: string[] = [];
  const near = foldersOf(ground);
  const rank = (path: string) => (near.has(posix.dirname(path)) ? 0 : 10) + path.split("/").length;
  const paths = ground.survey.files.map(({ path }) => path);
  const manifests = paths
    .filter((path) => isManifest(path) && !aside.test(path))
    .sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
  const taken = manifests.slice(0, mostManifests);
  if (manifests.length > taken.length)
    notes.push(`${taken.length} of ${manifests.length} manifests were read`);
  const pins = await pinsOf(ground, paths, notes);
  const all = new Map<string, Dependency>();
  const own: Dependency[] = [];
  const runtimes: { text: string; manifest: string }[] = [];
  for (const manifest of taken) {
    const source = await ground.read(manifest);
    if (source === null) continue;
    const content = await readManifest(manifest, source);
    const kind = content.declared[0]?.ecosystem ?? (manifest.endsWith(".toml") ? "pypi" : "npm");
    if (content.own) {
      const { name, version } = content.own;
      const written = kind === "pypi" ? pypiName(name) : name;
      own.push({ name: written, ecosystem: kind, range: "", dev: false, version, manifest, lock: null });
    }
    for (const text of content.runtimes) runtimes.push({ text, manifest });
    for (const declared of content.declared) {
      const key = `${declared.ecosystem} ${declared.name}`;
      const before = all.get(key);
      if (before !== undefined && (!before.dev || declared.dev)) continue;
      const pin = pinOf(pins, manifest, declared);
      all.set(key, {
        ...declared,
        manifest,
        version: pin?.version ?? exact(declared),
        lock: pin?.lock ?? null,
      });
    }
  }
  const ours = new Set(own.map(({ ecosystem, name }) => `${ecosystem} ${name}`));
  const others = [...all].flatMap(([key, one]) => (ours.has(key) ? [] : one));
  const sorted = others.sort((one, other) => Number(one.dev) - Number(other.dev));
  return { all: sorted, runtimes, manifests: taken, own, notes };
}

/** Folders of what the feature is about, and all above them. */
function foldersOf({ relevant }: Ground): Set<string> {
  const folders = new Set<string>(["."]);
  for (const { path } of relevant.slice(0, 20))
    for (let folder = posix.dirname(path); folder !== "."; folder = posix.dirname(folder))
      folders.add(folder);
  return folders;
}

interface Pins {
  lock: string;
  ecosystem: Ecosystem;
  versions: ReadonlyMap<string, string>;
}

async function pinsOf(ground: Ground, paths: readonly string[], notes: string[]): Promise<Pins[]> {
  const locks = paths.filter((path) => lockEcosystem(path) !== null && !aside.test(path));
  const found: Pins[] = [];
  for (const lock of locks
    .sort((one, other) => one.split("/").length - other.split("/").length)
    .slice(0, mostLocks)) {
    const ecosystem = lockEcosystem(lock);
    const file = await readRegularFile(join(ground.project.repository.root, lock), lockLimit);
    if (file.state === "refused") notes.push(`${lock} was not read: ${file.why}`);
    if (file.state === "read" && ecosystem !== null)
      found.push({ lock, ecosystem, versions: pinnedIn(lock, file.text) });
  }
  return found;
}

/** By the lock file nearest above the manifest. */
function pinOf(
  pins: readonly Pins[],
  manifest: string,
  { name, ecosystem }: Declared,
): { version: string; lock: string } | null {
  let best: { version: string; lock: string } | null = null;
  let depth = -1;
  for (const { lock, ecosystem: own, versions } of pins) {
    const folder = posix.dirname(lock);
    const above = folder === "." || manifest.startsWith(`${folder}/`);
    const version = versions.get(ecosystem === "pypi" ? pypiName(name) : name);
    if (own !== ecosystem || !above || version === undefined || lock.length <= depth) continue;
    best = { version, lock };
    depth = lock.length;
  }
  return best;
}

/** A range that leaves no choice is a version. */
function exact({ range, ecosystem }: Declared): string | null {
  if (ecosystem === "go") return range.replace(/^v/, "");
  return /^(?:==?\s*)?v?(\d+(?:\.\d+){1,3}(?:[-+.]?[\w.]+)?)$/.exec(range.trim())?.[1] ?? null;
}

/** The first number of a version or range; null when it has none. */
export function majorOf({ version, range }: Pick<Dependency, "version" | "range">): number | null {
  const number = /(\d+)(?:\.\d+)*/.exec(version ?? range)?.[1];
  return number === undefined ? null : Number(number);
}

/** `express 5.1.0`, `flask >=2.2`: the version where it is known, else what is asked for. */
export function shown({ name, version, range }: Pick<Dependency, "name" | "version" | "range">): string {
  return `${name}${version !== null ? ` ${version}` : range === "" ? "" : ` ${range}`}`;
}
