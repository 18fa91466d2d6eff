import { posix } from "node:path";
import type { Side } from "../../change/types.js";
import { hasScript } from "../files.js";
import { scriptText } from "../javascript/script-blocks.js";
import { factsOf } from "./facts.js";
import type { Project } from "./project.js";
import { optionsKey, type Session } from "./sessions.js";
import { ownPath, root, type Tree } from "./tree.js";

const importerLimit = 200;
/** Files read in search of importers, per side. */
const searchLimit = 20_000;

export interface Importers {
  paths: string[];
  cut: boolean;
}

/** A side as it is searched: `tree` has the texts, `session` knows where names lead. */
export interface Searched {
  tree: Tree;
  session: Session;
  other: Session;
}

/** Names of a module that mean something else now; null when it may be any. */
export type Names = ReadonlySet<string> | null;

/**
 * Files that did not change but use what did, on either side: they break when an export goes away. What passes
 * something on (`export … from`) is followed to its own importers; the nearest come first.
 */
export function findImporters(
  both: Record<Side, Searched>,
  affected: Record<Side, ReadonlyMap<string, Names>>,
  known: ReadonlySet<string | null>,
): Importers {
  const result = new Set<string>();
  const head = both.head.tree.files.ids;
  for (const side of ["base", "head"] as const) {
    const seen = new Set(affected[side].keys());
    let targets = affected[side];
    for (let depth = 0; depth < 4 && targets.size > 0 && result.size <= importerLimit; depth++) {
      const passing = new Map<string, Names>();
      for (const { path, uses, passes } of importing(both[side], targets)) {
        if (passes !== undefined && !seen.has(path)) passing.set(path, passes);
        if (uses && !known.has(path) && head.has(path)) result.add(path);
      }
      for (const path of passing.keys()) seen.add(path);
      targets = passing;
    }
  }
  const paths = [...result];
  return { paths: paths.slice(0, importerLimit), cut: paths.length > importerLimit };
}

interface Importing {
  path: string;
  /** Does it mention what changed? */
  uses: boolean;
  /** The changed names that it passes on to its own importers. */
  passes: Names | undefined;
}

/** Each file that imports one of the targets. */
function* importing(
  { tree, session, other }: Searched,
  targets: ReadonlyMap<string, Names>,
): Generator<Importing> {
  const isCandidate = candidates(session, new Set(targets.keys()));
  let searched = 0;
  for (const [path, id] of tree.files.ids) {
    if (!hasScript(path)) continue;
    if (++searched > searchLimit) return;
    const file = `${root}/${path}`;
    const read = () => {
      const text = tree.read(file);
      return text === undefined ? undefined : (scriptText(path, text) ?? undefined);
    };
    const facts = factsOf(id, /\.d\.[mc]?ts$/.test(path), read);
    let uses = false;
    let passes: Names | undefined;
    for (const specifier of facts.imports) {
      if (!isCandidate(specifier, file)) continue;
      const { options } = session.find(file);
      const found = session.resolver(other, options).module(specifier, file, undefined)?.resolvedFileName;
      const names = found === undefined ? undefined : targets.get(ownPath(found) ?? "");
      if (names === undefined) continue;
      const text = names === null ? "" : (read() ?? "");
      uses ||= names === null || mentions(text, names);
      if (facts.passes.has(specifier)) passes = joined(passes, names && withAliases(text, names));
    }
    if (uses || passes !== undefined) yield { path, uses, passes };
  }
}

function joined(some: Names | undefined, more: Names): Names {
  return some === null || more === null ? null : new Set([...(some ?? []), ...more]);
}

/** A default export goes by any name. */
function mentions(text: string, names: ReadonlySet<string>): boolean {
  if (names.has("default")) return true;
  return (text.match(/[A-Za-z_$][\w$]*/g) ?? []).some((word) => names.has(word));
}

function withAliases(text: string, names: ReadonlySet<string>): ReadonlySet<string> {
  const all = new Set(names);
  for (const [, name = "", alias = ""] of text.matchAll(
    /(?<![\w$])([A-Za-z_$][\w$]*)\s+as\s+([A-Za-z_$][\w$]*)/g,
  )) {
    if (names.has(name)) all.add(alias);
  }
  return all;
}

/** Rules out most imports without resolving them. */
function candidates(
  session: Session,
  targets: ReadonlySet<string>,
): (specifier: string, from: string) => boolean {
  const stems = new Set<string>();
  for (const path of targets) {
    const stem = stemOf(posix.basename(path));
    stems.add(stem);
    if (stem === "index") stems.add(posix.basename(posix.dirname(path)));
  }
  const aliases = new Map<string, (specifier: string) => boolean>();
  const isAlias = (specifier: string, project: Project) => {
    const key = optionsKey(project.options);
    let test = aliases.get(key);
    if (test === undefined) {
      test = aliasTest(project, session);
      aliases.set(key, test);
    }
    return test(specifier);
  };
  return (specifier, from) => {
    if (/^\.{1,2}(\/|$)/.test(specifier)) {
      return (
        /(^|\/)\.{0,2}$/.test(specifier) ||
        stems.has(stemOf(posix.basename(specifier))) ||
        stems.has(posix.basename(specifier))
      );
    }
    return session.sources.isOurs(specifier) || isAlias(specifier, session.find(from));
  };
}

/** Tells which bare specifiers `paths` or `baseUrl` may lead into the repository. */
function aliasTest({ options }: Project, { tree }: Session): (specifier: string) => boolean {
  const patterns = Object.keys(options.paths ?? {}).map((pattern) => pattern.split("*"));
  const { baseUrl } = options;
  return (specifier) => {
    if (
      patterns.some(([before = "", after]) =>
        after === undefined
          ? specifier === before
          : specifier.startsWith(before) && specifier.endsWith(after),
      )
    )
      return true;
    if (baseUrl === undefined) return false;
    const [first = ""] = specifier.split("/");
    return tree.folderExists(posix.join(baseUrl, first)) || !specifier.includes("/");
  };
}

function stemOf(name: string): string {
  return name.replace(/(\.d)?\.[mc]?[jt]sx?$/, "");
}
