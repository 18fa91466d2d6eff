import { posix } from "node:path";
import type { Side } from "../../change/types.js";
import { breathe } from "../breathe.js";
import type { Workspace } from "../workspace.js";
import { readMetadata } from "./metadata.js";

/** A folder with Python packages of its own in a repository: the whole of it, or a part of a monorepo. */
export interface PythonProject {
  /** Empty for the repository's own. */
  folder: string;
  /** Folders that its code finds top-level packages in, its own first. */
  roots: string[];
  /** The oldest Python that it says it runs on, as pyright writes it: what the library had then is there. */
  version: string | null;
}

/** Projects above which a repository is taken for one that keeps examples of them. */
const projectLimit = 40;
/** Folders of one file: every module is looked for in each of them. */
const rootLimit = 100;
const defaultVersion = "3.13";

const read = new WeakMap<Workspace, Partial<Record<Side, Promise<PythonProject[]>>>>();

/** The projects of a side, deepest first; the last one is the repository itself. */
export function pythonProjects(workspace: Workspace, side: Side): Promise<PythonProject[]> {
  const known = read.get(workspace)?.[side];
  if (known) return known;
  const made = findProjects(workspace, side);
  read.set(workspace, { ...read.get(workspace), [side]: made });
  return made;
}

/** Folders that Python would find top-level packages in, of all projects. */
export async function importRoots(workspace: Workspace, side: Side): Promise<string[]> {
  const projects = await pythonProjects(workspace, side);
  return [...new Set(["", ...projects.flatMap(({ roots }) => roots)])];
}

/** What runs the repository as a whole. */
export async function pythonVersion(workspace: Workspace): Promise<string> {
  const projects = await pythonProjects(workspace, "head");
  return projects.at(-1)?.version ?? defaultVersion;
}

const metadata = /(^|\/)(pyproject\.toml|setup\.cfg|setup\.py|pyrightconfig\.json|pytest\.ini|manage\.py)$/;

async function findProjects(workspace: Workspace, side: Side): Promise<PythonProject[]> {
  const paths = await workspace.paths(side);
  const folders = new Map<string, string[]>([["", []]]);
  const stubs = new Set<string>();
  for (const path of paths) {
    const folder = posix.dirname(path) === "." ? "" : posix.dirname(path);
    const name = posix.basename(path);
    if (/\.pyi$/.test(name)) {
      // Stubs of other people's packages: `typings/yaml/__init__.pyi`, `stubs/yaml.pyi`, `stubs/types-yaml/yaml/…`.
      const holder = /^(.*\/)?(typings|stubs)(?=\/)/.exec(path)?.[0];
      if (holder && !paths.has(`${holder}/__init__.py`)) stubs.add(holder);
    }
    if (!metadata.test(path) || /(^|\/)(tests?|testing|examples?|fixtures?|templates?)\//.test(path))
      continue;
    folders.set(folder, [...(folders.get(folder) ?? []), path]);
  }
  const projects: PythonProject[] = [];
  for (const [folder, files] of [...folders].slice(0, projectLimit)) {
    const roots = new Set<string>([folder]);
    let version: string | null = null;
    for (const file of files) {
      const text = await workspace.text(side, file);
      if (text === null) continue;
      const name = posix.basename(file);
      await breathe();
      const said = await readMetadata(name, text);
      for (const root of said.roots.slice(0, rootLimit)) {
        const path = posix.normalize(posix.join(folder, root)).replace(/^\.$|\/$/g, "");
        if (!path.startsWith("..") && (path === "" || paths.has(path))) roots.add(path);
      }
      version ??= said.version;
    }
    for (const inner of ["src", "lib", "python"]) {
      const source = posix.join(folder, inner);
      if (paths.has(source) && !paths.has(`${source}/__init__.py`)) roots.add(source);
    }
    projects.push({ folder, roots: [...roots], version });
  }
  const whole = projects.find(({ folder }) => folder === "");
  whole?.roots.push(...[...stubs].slice(0, 10));
  return projects.sort((a, b) => b.folder.length - a.folder.length);
}
