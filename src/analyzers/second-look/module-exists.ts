import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { git } from "../../change/git.js";
import { breathe } from "../breathe.js";
import type { Finding } from "../compare.js";
import { hasScript } from "../files.js";
import type { Look } from "./look.js";

/** Is there a file by that name on either side, or in the work tree, whatever its extension? */
export async function moduleExists(target: string, { change, workspace }: Look): Promise<boolean> {
  const paths = await workspace.paths("head");
  if (paths.has(target)) return !(await isSourceFolder(target, paths));
  const folder = posix.dirname(target);
  const stem = posix.basename(target);
  const bare = stem.replace(/\.[cm]?jsx?$/, "");
  const { names } = await treeOf(paths);
  for (const name of names.get(folder) ?? [])
    if (name.startsWith(`${stem}.`) || name.startsWith(`${bare}.`)) return true;
  if (change.repository.bare || change.headKind === "diff") return false;
  const there = join(change.repository.root, target);
  return ["", ".ts", ".tsx", ".js", ".mjs", ".json", ".py", ".pyi", ".d.ts", ".so"].some((end) =>
    existsSync(there + end),
  );
}

/** A folder alone is no module of ECMAScript without an index, but it is a package to Python. */
async function isSourceFolder(target: string, paths: ReadonlySet<string>): Promise<boolean> {
  if (/\.[a-z]+$/i.test(target)) return false;
  const indexes = [
    "index.ts",
    "index.tsx",
    "index.js",
    "index.jsx",
    "index.mjs",
    "index.vue",
    "package.json",
    "__init__.py",
    "__init__.pyi",
  ];
  if (indexes.some((name) => paths.has(`${target}/${name}`))) return false;
  const first = (await treeOf(paths)).first.get(target);
  return first !== undefined && !first.endsWith(".py") && hasScript(first);
}

interface PathTree {
  /** What is in a folder. */
  names: ReadonlyMap<string, readonly string[]>;
  /** The first path below a folder. */
  first: ReadonlyMap<string, string>;
}

const trees = new WeakMap<ReadonlySet<string>, Promise<PathTree>>();

function treeOf(paths: ReadonlySet<string>): Promise<PathTree> {
  const known = trees.get(paths) ?? plantTree(paths);
  trees.set(paths, known);
  return known;
}

async function plantTree(paths: ReadonlySet<string>): Promise<PathTree> {
  const names = new Map<string, string[]>();
  const first = new Map<string, string>();
  for (const path of paths) {
    await breathe();
    const folder = posix.dirname(path);
    const others = names.get(folder);
    if (others) others.push(posix.basename(path));
    else names.set(folder, [posix.basename(path)]);
    for (let above = folder; above !== "." && !first.has(above); above = posix.dirname(above))
      first.set(above, path);
  }
  return { names, first };
}

const generated =
  /(^|\/)(__generated__|generated|gen|dist|build|out)(\/|$)|([._-](pb2?|generated|gen)(_grpc)?|_pb2?(_grpc)?|_version)(\.\w+)?$/i;

/** Of the missing modules, those that git ignores or that look generated: they are made when the project is built. */
export async function madeByBuild(findings: readonly Finding[], look: Look): Promise<Set<string>> {
  const { change, signal, sluice } = look;
  const missing = findings.flatMap((one) =>
    one.class === "missing-module" && one.subject ? [one.subject] : [],
  );
  const ignored = new Set(missing.filter((path) => generated.test(path)));
  if (missing.length === 0 || change.repository.bare) return ignored;
  const asked = missing.flatMap((path) => ["", ".ts", ".js", ".json", ".py", "/x"].map((end) => path + end));
  const { code, stdout } = await git(
    change.repository.root,
    ["check-ignore", "--no-index", "--stdin", "-z"],
    {
      input: `${asked.join("\0")}\0`,
      signal,
      allowFailure: true,
      environment: sluice.env,
    },
  );
  if (code !== 0) return ignored;
  const answers = new Set(stdout.toString("utf8").split("\0"));
  for (const path of missing) {
    if (["", ".ts", ".js", ".json", ".py", "/x"].some((end) => answers.has(path + end))) ignored.add(path);
  }
  return ignored;
}
