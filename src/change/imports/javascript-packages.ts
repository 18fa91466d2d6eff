import * as z from "zod";
import { breathe } from "../../breathe.js";
import { append, directoryOf, join, type TreeIndex, upwards } from "./tree-index.js";

/** What `package.json` and `tsconfig.json` files of a tree say about specifiers that are not relative. */
export interface Packages {
  /** Paths, without certain extension, that a bare specifier may mean; the likeliest first. */
  candidates(specifier: string, from: string): string[];
  /** The other way: bare specifiers, or parts of them, that may mean a file. */
  specifiers(path: string): readonly string[];
}

interface PackageFile {
  name: string | null;
  directory: string;
  main: string[];
  exports: unknown;
  imports: unknown;
}

interface Aliases {
  /** Directory that bare specifiers are relative to; null without `baseUrl`. */
  base: string | null;
  paths: { pattern: string; targets: string[] }[];
}

const packageShape = z.looseObject({
  name: z.string().optional().catch(undefined),
  main: z.string().optional().catch(undefined),
  module: z.string().optional().catch(undefined),
  types: z.string().optional().catch(undefined),
  source: z.string().optional().catch(undefined),
  exports: z.unknown().optional(),
  imports: z.unknown().optional(),
});
const configurationShape = z.looseObject({
  extends: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .catch(undefined),
  compilerOptions: z
    .looseObject({
      baseUrl: z.string().optional().catch(undefined),
      paths: z.record(z.string(), z.array(z.string())).optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

type Configuration = z.infer<typeof configurationShape>;

/** Built output that is not in the tree, and where its source usually is. */
const built = /^(?:dist|lib|build|out|esm|cjs)\//;
const conditions = ["source", "types", "import", "module", "default", "require", "node", "browser"];
const targetLimit = 32;
const subpathLimit = 500;
/** Patterns of one configuration's `paths`. */
const patternLimit = 5_000;
/** Targets of all packages and configurations that are turned round: what is beyond is only not told by its alias. */
const reversedLimit = 20_000;

type Locate = (path: string) => string | null;

/** Reads them all; `locate` gives the file that a path without certain extension means. */
export async function readPackages(index: TreeIndex, locate: Locate): Promise<Packages> {
  const manifests = index.named("package.json").filter((path) => !path.includes("node_modules/"));
  const configurations = index.files.flatMap(({ path }) =>
    /(?:^|\/)(?:tsconfig|jsconfig)[^/]*\.json$/.test(path) && !path.includes("node_modules/") ? [path] : [],
  );
  const { parse: parseJson } = await import("jsonc-parser");
  const parse = (text: string): unknown => {
    try {
      return parseJson(text);
    } catch {
      // Nested deeper than the stack is high.
      return undefined;
    }
  };
  const packages: PackageFile[] = [];
  for (const [path, text] of await index.texts(manifests)) {
    await breathe();
    const shape = packageShape.safeParse(parse(text));
    if (!shape.success) continue;
    const { name, main, module, types, source, exports, imports } = shape.data;
    const entries = [source, module, main, types].flatMap((entry) => entry ?? []);
    packages.push({ name: name ?? null, directory: directoryOf(path), main: entries, exports, imports });
  }
  const read = new Map<string, Configuration>();
  for (const [path, text] of await index.texts(configurations)) {
    await breathe();
    const shape = configurationShape.safeParse(parse(text));
    if (shape.success) read.set(path, shape.data);
  }
  const known = new Map<string, Aliases>();
  const aliases = new Map<string, Aliases>();
  for (const path of read.keys()) {
    const directory = directoryOf(path);
    const own = /(?:^|\/)[tj]sconfig\.json$/.test(path);
    if (own && !(aliases.has(directory) && path.endsWith("jsconfig.json"))) {
      await breathe();
      aliases.set(directory, aliasesOf(path, read, known));
    }
  }
  const byDirectory = new Map(packages.map((file) => [file.directory, file]));
  const byName = new Map(
    packages.flatMap((file) => (file.name === null ? [] : [[file.name, file] as const])),
  );
  const reverse = await reversed(packages, aliases, locate);
  return {
    specifiers: (path) => [...(reverse.exact.get(path) ?? []), ...reverse.matching(path)],
    candidates(specifier, from) {
      const above = upwards(directoryOf(from));
      if (specifier.startsWith("#")) {
        const own = above.flatMap((directory) => byDirectory.get(directory) ?? [])[0];
        return own === undefined ? [] : targetsOf(own.imports, specifier, own.directory);
      }
      const found: string[] = [];
      const nearest = above.flatMap((directory) => aliases.get(directory) ?? [])[0];
      if (nearest !== undefined) found.push(...aliased(specifier, nearest));
      const [scope = "", rest = ""] = specifier.split("/", 2);
      const name = specifier.startsWith("@") ? `${scope}/${rest}` : scope;
      const workspace = byName.get(name);
      if (workspace !== undefined) found.push(...inPackage(specifier.slice(name.length), workspace));
      return found;
    },
  };
}

/** What a configuration and those it extends give; each is looked at once, and a circle ends where it began. */
function aliasesOf(
  path: string,
  read: ReadonlyMap<string, Configuration>,
  known: Map<string, Aliases>,
): Aliases {
  const before = known.get(path);
  if (before !== undefined) return before;
  let inherited: Aliases = { base: null, paths: [] };
  const configuration = read.get(path);
  if (configuration === undefined) return inherited;
  known.set(path, inherited);
  const directory = directoryOf(path);
  for (const extended of [configuration.extends ?? []].flat().slice(0, targetLimit)) {
    const target = join(directory, extended);
    if (target === null || !extended.startsWith(".")) continue;
    const file = [target, `${target}.json`].find((candidate) => read.has(candidate));
    if (file === undefined) continue;
    const above = aliasesOf(file, read, known);
    inherited = {
      base: above.base ?? inherited.base,
      paths: above.paths.length > 0 ? above.paths : inherited.paths,
    };
  }
  const { baseUrl, paths } = configuration.compilerOptions ?? {};
  const base = baseUrl === undefined ? inherited.base : join(directory, baseUrl);
  const anchor = (baseUrl === undefined ? null : base) ?? directory;
  const own = Object.entries(paths ?? {})
    .slice(0, patternLimit)
    .map(([pattern, targets]) => ({
      pattern,
      targets: targets.slice(0, targetLimit).flatMap((target) => join(anchor, target) ?? []),
    }));
  const found = { base, paths: paths === undefined ? inherited.paths : own };
  known.set(path, found);
  return found;
}

function aliased(specifier: string, { base, paths }: Aliases): string[] {
  let best: { length: number; targets: string[] } | null = null;
  for (const { pattern, targets } of paths) {
    const rest = matchPattern(pattern, specifier);
    if (rest === null) continue;
    const length = pattern.includes("*") ? pattern.indexOf("*") : Number.POSITIVE_INFINITY;
    if (best === null || length > best.length) {
      best = { length, targets: targets.map((target) => target.replace("*", () => rest)) };
    }
  }
  const found = best?.targets.flatMap((target) => join("", target) ?? []) ?? [];
  const direct = base === null ? null : join(base, specifier);
  return direct === null ? found : [...found, direct];
}

/** What `*` stands for in a pattern with at most one; null when it does not match. */
function matchPattern(pattern: string, text: string): string | null {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text ? "" : null;
  const before = pattern.slice(0, star);
  const after = pattern.slice(star + 1);
  if (text.length < before.length + after.length || !text.startsWith(before) || !text.endsWith(after))
    return null;
  return text.slice(before.length, text.length - after.length);
}

/** Which bare specifiers lead to which files. */
async function reversed(
  packages: readonly PackageFile[],
  aliases: ReadonlyMap<string, Aliases>,
  locate: Locate,
) {
  const exact = new Map<string, string[]>();
  let left = reversedLimit;
  const note = (paths: readonly string[], specifier: string) => {
    left -= paths.length;
    for (const path of left > 0 ? paths : []) {
      const file = locate(path);
      if (file !== null) append(exact, file, specifier);
    }
  };
  for (const file of packages) {
    if (left <= 0) break;
    if (file.name !== null) note(inPackage("", file), file.name);
    for (const name of keysOf(file.exports, ".")) {
      await breathe();
      if (file.name !== null) note(targetsOf(file.exports, name, file.directory), file.name + name.slice(1));
    }
    for (const name of keysOf(file.imports, "#")) {
      await breathe();
      note(targetsOf(file.imports, name, file.directory), name);
    }
  }
  const patterns: { pattern: string; target: string }[] = [];
  // Many configurations have those of one that they extend.
  for (const paths of new Set([...aliases.values()].map((one) => one.paths))) {
    for (const { pattern, targets } of paths) {
      await breathe();
      if (!pattern.includes("*")) note(targets, pattern);
      else if (patterns.length < reversedLimit)
        patterns.push(...targets.map((target) => ({ pattern, target })));
    }
  }
  const matching = (path: string) => {
    const plain = path.replace(/(?:\.d)?\.[^./]+$/, "");
    return patterns.flatMap(({ pattern, target }) => {
      const rest = matchPattern(target, path) ?? matchPattern(target, plain);
      return rest === null ? [] : [pattern.replace("*", () => rest).replace(/\/index$/, "")];
    });
  };
  return { exact, matching };
}

/** Keys of an `exports` or `imports` map that mean one thing each. */
function keysOf(map: unknown, start: string): string[] {
  if (!isObject(map)) return [];
  return Object.keys(map)
    .filter((name) => name.startsWith(start) && !name.includes("*"))
    .slice(0, subpathLimit);
}

/** Where `subpath` (`""` or `/x`) of a workspace package may be. */
function inPackage(subpath: string, file: PackageFile): string[] {
  const targets = targetsOf(file.exports, `.${subpath}`, file.directory);
  const plain = subpath === "" ? [...file.main, ".", "src/index", "src"] : [`.${subpath}`, `src${subpath}`];
  return [...targets, ...plain.flatMap((target) => withSource(file.directory, target))];
}

/** Targets of an `exports` or `imports` map for a key, whatever the conditions. */
function targetsOf(map: unknown, wanted: string, directory: string): string[] {
  const found: string[] = [];
  let best: { length: number; target: unknown; rest: string } | null = null;
  for (const [pattern, target] of entriesFor(map, wanted)) {
    const rest = matchPattern(pattern, wanted);
    if (rest === null) continue;
    const length = pattern.includes("*") ? pattern.indexOf("*") : Number.POSITIVE_INFINITY;
    if (best === null || length > best.length) best = { length, target, rest };
  }
  const pending: unknown[] = best === null ? [] : [best.target];
  while (pending.length > 0 && found.length < targetLimit) {
    const target = pending.shift();
    if (typeof target === "string") {
      found.push(
        ...withSource(
          directory,
          target.replaceAll("*", () => best?.rest ?? ""),
        ),
      );
    } else if (Array.isArray(target)) pending.unshift(...target.slice(0, targetLimit));
    else if (isObject(target)) {
      const named = conditions.flatMap((name) => (name in target ? [target[name]] : []));
      const others = Object.entries(target).flatMap(([name, value]) =>
        conditions.includes(name) ? [] : [value],
      );
      pending.unshift(...[...named, ...others].slice(0, targetLimit));
    }
  }
  return found;
}

/** The entries that may be meant by a key; a key that is there means only itself. */
function entriesFor(map: unknown, wanted: string): [string, unknown][] {
  if (!isObject(map)) return [[".", map]];
  const isKey = /^[.#]/.test(wanted) && !wanted.includes("*");
  if (isKey && Object.hasOwn(map, wanted)) return [[wanted, map[wanted]]];
  const entries = Object.entries(map);
  return entries.some(([name]) => /^[.#]/.test(name)) ? entries : [[".", map]];
}

/** A target and, when it is built output, where its source usually is. */
function withSource(directory: string, target: string): string[] {
  const inside = join("", target);
  if (inside === null) return [];
  const all = built.test(inside)
    ? [inside, inside.replace(built, "src/"), inside.replace(built, "")]
    : [inside];
  return all.flatMap((path) => join(directory, path) ?? []);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
