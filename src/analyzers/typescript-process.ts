import { posix } from "node:path";
import * as z from "zod";
import type { Side } from "../change/types.js";
import { checkAll, type Pair, valuesLost } from "./typescript-check.js";
import type { TypeScriptDiagnostic } from "./typescript-filter.js";
import { findImporters, type Searched } from "./typescript-importers.js";
import { installedRequest, openInstalled } from "./typescript-installed.js";
import { type Checked, limitMemory } from "./typescript-programs.js";
import { type Project, root } from "./typescript-project.js";
import { isSameShape } from "./typescript-remembered.js";
import { forgetSessions, optionsKey, sessionOf } from "./typescript-sessions.js";
import { openTree, type Tree } from "./typescript-tree.js";

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
  files: z.array(z.object({ base: z.string().nullable(), head: z.string().nullable() })),
  /** Files whose importers are to be checked too, by side. */
  affected: z.object({ base: z.array(z.string()), head: z.array(z.string()) }),
});

const projectLimit = 20;
/** Changed files above which it costs more to see which of them matter to their importers than to check those. */
const shapeLimit = 100;

/** See `typescript.ts`. */
export function analyse(asked: unknown) {
  const { base, head, installed, files, affected } = request.parse(asked);
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
    withoutSameShape(affected, files, trees),
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
  const lost = new Set<string>();
  const chosen = [...groups.values()].slice(0, projectLimit).map((group) => ({
    group,
    projects: agree(group, find),
  }));
  const checkedOn = (side: Side, project: Project): Checked => {
    const { tree, session, other } = searched[side];
    return { tree, project, resolver: session.resolver(other, project.options) };
  };
  for (const { group, projects } of chosen) {
    if (!projects.head) continue;
    const checked = checkedOn("head", projects.head);
    found.head.push(...checkAll(checked, pathsOn("head", group), lost));
    found.head.push(...valuesLost(checked, trees.base, group));
  }
  const couldBe = couldBeOlder(found.head, trees);
  for (const { group, projects } of chosen) {
    const paths = pathsOn("base", group.filter(couldBe));
    if (projects.base && paths.length > 0)
      found.base.push(...checkAll(checkedOn("base", projects.base), paths, lost));
  }
  if (limitMemory()) forgetSessions();
  return { ...found, importers: importers.paths.length, notes: [...notes, ...[...lost].slice(0, 5)] };
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

/** Importers of a file that tells them the same as before have nothing to fear. */
function withoutSameShape(
  affected: Record<Side, string[]>,
  files: readonly Pair[],
  { base, head }: Record<Side, Tree>,
): Record<Side, string[]> {
  if (affected.head.length + affected.base.length > shapeLimit) return affected;
  const same = new Set(
    files.flatMap((pair) =>
      pair.base !== null &&
      pair.base === pair.head &&
      isSameShape(base, head, `${root}/${pair.base}`, `${root}/${pair.head}`)
        ? pair.base
        : [],
    ),
  );
  const rest = (paths: string[]) => paths.filter((path) => !same.has(path));
  return { base: rest(affected.base), head: rest(affected.head) };
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
  const texts = new Map<string, string[]>();
  for (const path of paths) texts.set(path, (head.read(`${root}/${path}`) ?? "").split(/\r?\n/));
  const lines = new Set(
    found.map(({ path, line }) => (texts.get(path)?.[line - 1] ?? "").trim().slice(0, 200)),
  );
  return (pair) => {
    if (pair.base === null || lines.size === 0) return false;
    if (pair.head !== null && paths.has(pair.head)) return true;
    const id = base.id(`${root}/${pair.base}`);
    if (id !== undefined && pair.head !== null && id === head.id(`${root}/${pair.head}`)) return false;
    const text = base.read(`${root}/${pair.base}`) ?? "";
    return [...lines].some((line) => text.includes(line));
  };
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
