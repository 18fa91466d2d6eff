import { posix } from "node:path";
import type { Side } from "../change/types.js";
import { hasScript } from "./files.js";
import { scriptText } from "./script-blocks.js";
import { factsOf } from "./typescript-facts.js";
import type { Project } from "./typescript-project.js";
import { optionsKey, type Session } from "./typescript-sessions.js";
import { ownPath, root, type Tree } from "./typescript-tree.js";

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

/**
 * Files that did not change but import one that did, on either side: they break when an export goes away. What
 * passes something on (`export … from`) is followed to its own importers; the nearest come first.
 */
export function findImporters(
  both: Record<Side, Searched>,
  affected: Record<Side, readonly string[]>,
  known: ReadonlySet<string | null>,
): Importers {
  const result = new Set<string>();
  const head = both.head.tree.files.ids;
  for (const side of ["base", "head"] as const) {
    const seen = new Set(affected[side]);
    let targets: ReadonlySet<string> = seen;
    for (let depth = 0; depth < 4 && targets.size > 0 && result.size <= importerLimit; depth++) {
      const passing = new Set<string>();
      for (const [path, passes] of importing(both[side], targets)) {
        if (passes && !seen.has(path)) passing.add(path);
        if (!known.has(path) && head.has(path)) result.add(path);
      }
      for (const path of passing) seen.add(path);
      targets = passing;
    }
  }
  const paths = [...result];
  return { paths: paths.slice(0, importerLimit).sort(), cut: paths.length > importerLimit };
}

/** Each file that imports one of the targets, and whether it passes something of it on. */
function* importing(
  { tree, session, other }: Searched,
  targets: ReadonlySet<string>,
): Generator<[path: string, passes: boolean]> {
  const isCandidate = candidates(session, targets);
  let searched = 0;
  for (const [path, id] of tree.files.ids) {
    if (!hasScript(path)) continue;
    if (++searched > searchLimit) return;
    const file = `${root}/${path}`;
    const facts = factsOf(id, /\.d\.[mc]?ts$/.test(path), () => {
      const text = tree.read(file);
      return text === undefined ? undefined : (scriptText(path, text) ?? undefined);
    });
    let hit = false;
    let passes = false;
    for (const specifier of facts.imports) {
      if (!isCandidate(specifier, file)) continue;
      const { options } = session.find(file);
      const found = session.resolver(other, options).module(specifier, file, undefined)?.resolvedFileName;
      const target = found === undefined ? null : ownPath(found);
      if (target === null || !targets.has(target)) continue;
      hit = true;
      passes ||= facts.passes.has(specifier);
    }
    if (hit) yield [path, passes];
  }
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
