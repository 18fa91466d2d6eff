import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Change } from "../../change/types.js";
import type { EngineInput } from "../engine.js";

/** Where a project's dependencies are installed. Only files are read there; its `python` is never run. */
export interface VirtualEnvironment {
  parent: string;
  name: string;
  /** Another one when packages were installed or removed. */
  stamp: string;
}

/**
 * The environment in the work tree (`.venv`, `venv`, `env`), else the one that the server was started in. None for
 * a change that touches the list of dependencies: what is installed may be what was needed before.
 */
export async function virtualEnvironment({
  change,
  sluice,
}: EngineInput): Promise<VirtualEnvironment | null> {
  if (change.repository.bare || change.headKind === "diff" || touchesDependencies(change)) return null;
  const { root } = change.repository;
  const { VIRTUAL_ENV } = sluice.env;
  const folders = [
    ...[".venv", "venv", "env"].map((name) => join(root, name)),
    ...(VIRTUAL_ENV ? [VIRTUAL_ENV] : []),
  ];
  for (const folder of folders) {
    const stamp = await stampOf(folder);
    if (stamp !== null) return { parent: dirname(folder), name: basename(folder), stamp };
  }
  return null;
}

function touchesDependencies({ files }: Change): boolean {
  return files.some(({ path }) =>
    /(^|\/)(pyproject\.toml|setup\.(py|cfg)|[^/]*requirements[^/]*\.(txt|in)|requirements\/[^/]+|Pipfile(\.lock)?|(poetry|uv|pdm|pixi)\.lock|environment\.ya?ml|constraints[^/]*\.txt)$/.test(
      path,
    ),
  );
}

/** When its packages last changed, or null where there is no environment. */
async function stampOf(folder: string): Promise<string | null> {
  const isEnvironment = await stat(join(folder, "pyvenv.cfg")).then(
    (entry) => entry.isFile(),
    () => false,
  );
  if (!isEnvironment) return null;
  const versions = await readdir(join(folder, "lib")).catch(() => []);
  const packages = [
    ...versions
      .filter((name) => /^python3/.test(name))
      .map((name) => join(folder, "lib", name, "site-packages")),
    join(folder, "Lib", "site-packages"),
  ];
  for (const path of packages) {
    const entry = await stat(path).catch(() => null);
    if (entry?.isDirectory()) return `${path} ${entry.mtimeMs}`;
  }
  return null;
}
