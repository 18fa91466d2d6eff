import { posix } from "node:path";
import type { Change, Side } from "../../change/types.js";
import { breathe } from "../breathe.js";
import type { InstalledRequest } from "./installed.js";

const readers: Readonly<Record<string, (text: string) => Iterable<string>>> = {
  "package-lock.json": fromNpm,
  "npm-shrinkwrap.json": fromNpm,
  "pnpm-lock.yaml": fromPnpm,
  "yarn.lock": fromYarn,
  "bun.lock": fromBun,
};
const sizeLimit = 8 * 1024 * 1024;
/** Lock files of one side that are read. */
const lockLimit = 30;
const kept = new Map<string, Promise<ReadonlySet<string>>>();

/** What the lock files of both sides agree on: only such versions say something of both. */
export async function agreedLocks(change: Change): Promise<InstalledRequest["locks"]> {
  const sides = { base: await locksOn(change, "base"), head: await locksOn(change, "head") };
  const folders = new Set([...sides.base.keys(), ...sides.head.keys()]);
  return [...folders].map((folder) => {
    const head = sides.head.get(folder) ?? new Set<string>();
    const base = sides.base.get(folder) ?? new Set<string>();
    return { folder, packages: [...head].filter((one) => base.has(one)) };
  });
}

async function locksOn(change: Change, side: Side): Promise<Map<string, ReadonlySet<string>>> {
  const found = new Map<string, ReadonlySet<string>>();
  let read = 0;
  for (const { path, type, mode, id, size } of await change.objects.tree(side)) {
    const name = posix.basename(path);
    const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (
      !reader ||
      type !== "blob" ||
      mode === "120000" ||
      (size ?? 0) > sizeLimit ||
      /(^|\/)node_modules\//.test(path)
    )
      continue;
    await breathe();
    if (++read > lockLimit) break;
    let packages = kept.get(`${id} ${name}`);
    if (packages === undefined) {
      packages = change.objects.blob(id, sizeLimit).then((bytes) => new Set(reader(bytes.toString("utf8"))));
      kept.set(`${id} ${name}`, packages);
      packages.catch(() => kept.delete(`${id} ${name}`));
      for (const oldest of kept.keys()) {
        if (kept.size <= 8) break;
        kept.delete(oldest);
      }
    }
    const folder = posix.dirname(path) === "." ? "" : posix.dirname(path);
    found.set(folder, new Set([...(found.get(folder) ?? []), ...(await packages)]));
  }
  return found;
}

/** `name@version` of what a lock file of that name pins; null for a name that is no lock file's. */
export function packagesOfLock(name: string, text: string): Iterable<string> | null {
  return (Object.hasOwn(readers, name) ? readers[name] : undefined)?.(text) ?? null;
}

function fromNpm(text: string): string[] {
  const found: string[] = [];
  const record = (name: unknown, version: unknown) => {
    if (typeof name === "string" && typeof version === "string") found.push(`${name}@${version}`);
  };
  const old = (dependencies: unknown, depth: number) => {
    if (depth > 50) return;
    for (const [name, entry] of entriesOf(dependencies)) {
      const { version, dependencies: inner } = fieldsOf(entry);
      const alias = typeof version === "string" ? /^npm:(.+)@([^@]+)$/.exec(version) : null;
      if (alias) record(alias[1], alias[2]);
      else record(name, version);
      old(inner, depth + 1);
    }
  };
  try {
    const { packages, dependencies } = fieldsOf(JSON.parse(text));
    for (const [path, entry] of entriesOf(packages)) {
      const { name, version } = fieldsOf(entry);
      const at = path.lastIndexOf("node_modules/");
      if (at !== -1) record(name ?? path.slice(at + "node_modules/".length), version);
    }
    if (packages === undefined) old(dependencies, 0);
  } catch {
    // A lock file that can't be read confirms nothing.
  }
  return found;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function entriesOf(value: unknown): [string, unknown][] {
  return Object.entries(fieldsOf(value));
}

function* fromPnpm(text: string): Generator<string> {
  // `/name/1.2.3_peer:` of old, `/name@1.2.3(peer):` and `name@1.2.3:` since.
  for (const [, name, version] of text.matchAll(
    /^ {2}['"]?\/?((?:@[^/\s'"]+\/)?[^/@\s'":]+)[@/](\d[^:(_'"\s/]*)/gm,
  ))
    yield `${name}@${version}`;
}

function* fromYarn(text: string): Generator<string> {
  for (const block of text.split(/\n(?=[^\s#])/)) {
    const version = /^ {2}version:? "?([^"\s]+)"?/m.exec(block)?.[1];
    const header = /^"?((?:@[^/\s"@]+\/)?[^@\s"]+)@(?:npm:((?:@[^/\s"@]+\/)?[^@\s"\d^~*<>=][^@\s"]*)@)?/.exec(
      block,
    );
    if (version === undefined || !header) continue;
    yield `${header[2] ?? header[1]}@${version}`;
  }
}

function* fromBun(text: string): Generator<string> {
  for (const [, name, version] of text.matchAll(/:\s*\["((?:@[^/"]+\/)?[^@"/]+)@(\d[^"]*)"/g))
    yield `${name}@${version}`;
}
