import { posix } from "node:path";
import * as z from "zod";
import type { Side } from "../../change/types.js";
import { isComponent } from "../files.js";
import { changedExports } from "./changed-names.js";
import { checkAll, lost, type Missed, type Pair, parse } from "./check.js";
import type { TypeScriptDiagnostic } from "./filter.js";
import { findImporters, type Names, type Searched } from "./importers.js";
import { installedRequest, openInstalled } from "./installed.js";
import { type Checked, limitMemory } from "./programs.js";
import { type Project, root } from "./project.js";
import { forgetSessions, optionsKey, sessionOf } from "./sessions.js";
import { openTree, type Tree } from "./tree.js";

const sideFiles = z.object({
  folder: z.string(),
  /** Blob ids by path. */
  ids: z.record(z.string(), z.string()),
  workspaceFiles: z.record(z.string(), z.string()),
});
const request = z.object({
  base: sideFiles,
  head: sideFiles,
  installed: installedRequest.nullable(),
  /** Milliseconds after which what was found by then has to do. */
  budget: z.number(),
  files: z.array(z.object({ base: z.string().nullable(), head: z.string().nullable() })),
  /** Files whose importers are to be checked too, by side. */
  affected: z.object({ base: z.array(z.string()), head: z.array(z.string()) }),
});

const projectLimit = 20;
/** Changed files above which it costs more to see what in them changed for others than to check those. */
const compareLimit = 100;

/** See `typescript.ts`. */
export function analyse(asked: unknown) {
  const started = Date.now();
  const { base, head, installed, budget, files, affected } = request.parse(asked);
  const trees = openTrees(base, head, installed);
  const sessions = { base: sessionOf(trees.base), head: sessionOf(trees.head) };
  const searched: Record<Side, Searched> = {
    base: { tree: trees.base, session: sessions.base, other: sessions.head },
    head: { tree: trees.head, session: sessions.head, other: sessions.base },
  };
  const find = { base: sessions.base.find, head: sessions.head.find };
  const notes: string[] = [];
  const importers = findImporters(
    searched,
    changedNames(affected, files, trees),
    new Set(files.flatMap((file) => [file.base, file.head])),
  );
  if (importers.cut)
    notes.push(`only the first ${importers.paths.length} importers of what changed were checked`);
  const pairs: Pair[] = [...files, ...importers.paths.map((path) => ({ base: path, head: path }))];

  const groups = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const on = (side: Side) => {
      if (pair[side] === null) return null;
      const { config, options } = find[side](`${root}/${pair[side]}`);
      return `${config} ${optionsKey(options)}`;
    };
    const key = `${on("base") ?? on("head")}\n${on("head") ?? on("base")}`;
    groups.set(key, [...(groups.get(key) ?? []), pair]);
  }
  if (groups.size > projectLimit)
    notes.push(`only the first ${projectLimit} of ${groups.size} projects were checked`);

  const found: Record<Side, TypeScriptDiagnostic[]> = { base: [], head: [] };
  const chosen = [...groups.values()].slice(0, projectLimit).map((group) => ({
    group,
    projects: agree(group, find),
  }));
  const checkedOn = (side: Side, project: Project): Checked => {
    const { tree, session, other } = searched[side];
    return { tree, project, resolver: session.resolver(other, project.options) };
  };
  const missed = { base: nothingMissed(), head: nothingMissed() };
  const unchanged = new Set(importers.paths);
  // Changed files come before those that only import them, and the base has its part of the time.
  const untilHead = (path: string) => started + budget * (unchanged.has(path) ? 0.4 : 0.65);
  for (const { group, projects } of chosen) {
    if (!projects.head) continue;
    const checked = checkedOn("head", projects.head);
    found.head.push(...checkAll(checked, pathsOn("head", group), missed.head, untilHead));
    if (Date.now() < untilHead("")) found.head.push(...lost(checked, trees.base, group, found.head));
  }
  const older = couldBeOlder(found.head, trees);
  for (const { group, projects } of chosen) {
    const paths = pathsOn("base", group.filter(older));
    if (projects.base && paths.length > 0)
      found.base.push(
        ...checkAll(checkedOn("base", projects.base), paths, missed.base, () => started + budget),
      );
  }
  const { late } = missed.base;
  if (late.size > 0) found.head = withoutUnsure(found.head, late, pairs, trees);
  const told = withoutFloods(found, pairs);
  if (told.left > 0) notes.push(`${told.left} files have more mistakes than can be told`);
  notes.push(...[...missed.head.lost, ...missed.base.lost].slice(0, 5));
  if (limitMemory()) forgetSessions();
  return { ...told.found, importers: importers.paths.length, late: missed.head.late.size + late.size, notes };
}

/** Diagnostics of one file on one side: nobody reads more, and the server has to. */
const fileLimit = 1_500;

/** Without the files that have too many mistakes on either side: what is not known of one says nothing of the other. */
function withoutFloods(
  found: Record<Side, TypeScriptDiagnostic[]>,
  pairs: readonly Pair[],
): { found: Record<Side, TypeScriptDiagnostic[]>; left: number } {
  const counts = new Map<string, number>();
  const count = (side: Side, path: string | null) => counts.get(`${side}:${path}`) ?? 0;
  for (const side of ["base", "head"] as const)
    for (const { path } of found[side]) counts.set(`${side}:${path}`, count(side, path) + 1);
  const flooded = pairs.filter(
    ({ base, head }) => count("base", base) > fileLimit || count("head", head) > fileLimit,
  );
  const on = (side: Side) => {
    const lost = new Set(flooded.map((pair) => pair[side]));
    return found[side].filter(({ path }) => !lost.has(path));
  };
  return { found: { base: on("base"), head: on("head") }, left: flooded.length };
}

function pathsOn(side: Side, pairs: readonly Pair[]): string[] {
  return pairs.flatMap((pair) => pair[side] ?? []);
}

type SideRequest = z.infer<typeof sideFiles>;

function openTrees(
  base: SideRequest,
  head: SideRequest,
  asked: z.infer<typeof installedRequest> | null,
): Record<Side, Tree> {
  const packages = Object.keys(head.ids)
    .filter((path) => posix.basename(path) === "package.json")
    .map((path) => posix.dirname(path));
  const installed = asked ? openInstalled(asked, packages.slice(0, 500)) : null;
  const open = ({ folder, ids, workspaceFiles }: SideRequest) =>
    openTree(
      { folder, ids: new Map(Object.entries(ids)), workspaceFiles: new Map(Object.entries(workspaceFiles)) },
      installed,
    );
  return { base: open(base), head: open(head) };
}

/** What each file means to its importers that it did not mean before, as far as that can be told. */
function changedNames(
  affected: Record<Side, string[]>,
  files: readonly Pair[],
  { base, head }: Record<Side, Tree>,
): Record<Side, Map<string, Names>> {
  const names = new Map<string, Names>();
  if (affected.head.length + affected.base.length <= compareLimit) {
    for (const pair of files) {
      if (pair.base === null || pair.base !== pair.head || isComponent(pair.base)) continue;
      const before = parse(base, pair.base);
      const after = parse(head, pair.head);
      names.set(pair.base, before && after && changedExports(before, after));
    }
  }
  const on = (side: Side) =>
    new Map(
      affected[side]
        .map((path) => [path, names.get(path) ?? null] as const)
        .filter(([, changed]) => changed?.size !== 0),
    );
  return { base: on("base"), head: on("head") };
}

function nothingMissed(): Missed {
  return { lost: new Set(), late: new Set() };
}

/**
 * Of the base only what could show that a mistake at head is an old one needs to be checked: the same file, and those
 * from which the line may have come.
 */
function couldBeOlder(
  found: readonly TypeScriptDiagnostic[],
  { base, head }: Record<Side, Tree>,
): (pair: Pair) => boolean {
  const paths = new Set(found.map(({ path }) => path));
  const lines = linesOf(found, head);
  return (pair) => {
    if (pair.base === null || lines.size === 0) return false;
    if (pair.head !== null && paths.has(pair.head)) return true;
    const id = base.id(`${root}/${pair.base}`);
    if (id !== undefined && pair.head !== null && id === head.id(`${root}/${pair.head}`)) return false;
    const text = base.read(`${root}/${pair.base}`) ?? "";
    return [...lines].some((line) => text.includes(line));
  };
}

function linesOf(found: readonly TypeScriptDiagnostic[], head: Tree): Set<string> {
  const texts = new Map<string, string[]>();
  return new Set(
    found.map(({ path, line }) => {
      const lines = texts.get(path) ?? (head.read(`${root}/${path}`) ?? "").split(/\r?\n/);
      texts.set(path, lines);
      return (lines[line - 1] ?? "").trim().slice(0, 200);
    }),
  );
}

/** Without what may be an old mistake of a file that there was no time to check at base. */
function withoutUnsure(
  found: readonly TypeScriptDiagnostic[],
  late: ReadonlySet<string>,
  pairs: readonly Pair[],
  { base, head }: Record<Side, Tree>,
): TypeScriptDiagnostic[] {
  const unchecked = pairs.filter((pair) => pair.base !== null && late.has(pair.base));
  const paths = new Set(unchecked.map((pair) => pair.head));
  const texts = unchecked.map((pair) => base.read(`${root}/${pair.base}`) ?? "");
  return found.filter((one) => {
    if (paths.has(one.path)) return false;
    const [line = ""] = linesOf([one], head);
    return !texts.some((text) => text.includes(line));
  });
}

/** Both sides of a group with the options of each, but as strict as the less strict of the two. */
function agree(group: Pair[], find: Record<Side, (file: string) => Project>): Record<Side, Project | null> {
  const of = (side: Side) => {
    const path = group.find((pair) => pair[side] !== null)?.[side];
    return path ? find[side](`${root}/${path}`) : null;
  };
  const base = of("base");
  const head = of("head");
  if (!base || !head) return { base, head };
  const weaker = {
    strictNullChecks: base.strictNullChecks && head.strictNullChecks,
    noImplicitReturns: base.noImplicitReturns && head.noImplicitReturns,
    noFallthrough: base.noFallthrough && head.noFallthrough,
    unknownInCatch: base.unknownInCatch && head.unknownInCatch,
  };
  const strict = base.options.strict === true && head.options.strict === true;
  const soften = (project: Project): Project => ({
    ...project,
    ...weaker,
    options: {
      ...project.options,
      strict,
      strictNullChecks: weaker.strictNullChecks,
      useUnknownInCatchVariables: weaker.unknownInCatch,
    },
  });
  return { base: soften(base), head: soften(head) };
}
