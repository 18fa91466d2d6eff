import { posix } from "node:path";
import * as z from "zod";
import type { Side } from "../change/types.js";
import { isPython } from "./files.js";
import type { Workspace } from "./workspace.js";

/** Folders that Python would find top-level packages in: the root, `src` folders, folders of a project. */
export function importRoots(workspace: Workspace, side: Side): Promise<string[]> {
  const known = rootsOf.get(workspace)?.[side];
  if (known) return known;
  const made = findImportRoots(workspace, side);
  rootsOf.set(workspace, { ...rootsOf.get(workspace), [side]: made });
  return made;
}

const rootsOf = new WeakMap<Workspace, Partial<Record<Side, Promise<string[]>>>>();

async function findImportRoots(workspace: Workspace, side: Side): Promise<string[]> {
  const paths = await workspace.paths(side);
  const roots = new Set<string>([""]);
  for (const path of paths) {
    const name = posix.basename(path);
    if (name === "pyproject.toml" || name === "setup.py" || name === "setup.cfg" || name === "manage.py") {
      const folder = posix.dirname(path) === "." ? "" : posix.dirname(path);
      roots.add(folder);
      for (const inner of ["src", "lib"]) {
        const source = posix.join(folder, inner);
        if (paths.has(source) && !paths.has(`${source}/__init__.py`)) roots.add(source);
      }
    }
  }
  for (const inner of ["src", "lib", "python"]) {
    if (paths.has(inner) && !paths.has(`${inner}/__init__.py`)) roots.add(inner);
  }
  return [...roots].slice(0, 40);
}

const pyproject = z.object({
  project: z.object({ "requires-python": z.string() }).optional(),
  tool: z
    .object({ poetry: z.object({ dependencies: z.object({ python: z.string() }).optional() }).optional() })
    .optional(),
});

/** The oldest Python that a project says it runs on, as pyright writes it; what the library had then is there. */
export async function pythonVersion(workspace: Workspace): Promise<string> {
  const fallback = "3.13";
  const wanted = (await fromPyproject(workspace)) ?? (await fromSetup(workspace)) ?? "";
  const minor = Number(/(?:>=|~=|\^|==)\s*3\.(\d{1,2})/.exec(wanted)?.[1]);
  if (Number.isNaN(minor)) return fallback;
  return `3.${Math.min(Math.max(minor, 8), 14)}`;
}

async function fromPyproject(workspace: Workspace): Promise<string | null> {
  const text = await workspace.text("head", "pyproject.toml");
  if (text === null) return null;
  const { parse } = await import("smol-toml");
  try {
    const parsed = pyproject.safeParse(parse(text));
    if (!parsed.success) return null;
    return parsed.data.project?.["requires-python"] ?? parsed.data.tool?.poetry?.dependencies?.python ?? null;
  } catch {
    return null;
  }
}

async function fromSetup(workspace: Workspace): Promise<string | null> {
  for (const name of ["setup.cfg", "setup.py"]) {
    const text = await workspace.text("head", name);
    const found = text === null ? null : /python_requires\s*=\s*["']?([^"'\n]+)/.exec(text)?.[1];
    if (found) return found;
  }
  return null;
}

const importerLimit = 100;
const searchLimit = 10_000;

/** Unchanged Python files whose imports name one of the modules given, by path. */
export async function pythonImporters(
  workspace: Workspace,
  modules: readonly string[],
  known: ReadonlySet<string>,
): Promise<{ paths: string[]; cut: boolean }> {
  const names = new Set<string>();
  for (const path of modules) {
    const stem = posix.basename(path).replace(/\.pyi?$/, "");
    const name = stem === "__init__" ? posix.basename(posix.dirname(path)) : stem;
    if (/^\w+$/.test(name)) names.add(name);
  }
  if (names.size === 0) return { paths: [], cut: false };
  const pattern = new RegExp(`^[ \\t]*(?:from|import)\\b[^\\n]*\\b(?:${[...names].join("|")})\\b`, "m");
  const base = await workspace.paths("base");
  const found: string[] = [];
  const sources = (await workspace.sources("head", "python"))
    .filter((path) => isPython(path))
    .slice(0, searchLimit);
  for (const path of sources) {
    if (known.has(path) || !base.has(path)) continue;
    const text = await workspace.source("head", "python", path);
    if (text !== null && pattern.test(text)) found.push(path);
    if (found.length > importerLimit) return { paths: found.slice(0, importerLimit), cut: true };
  }
  return { paths: found, cut: false };
}
