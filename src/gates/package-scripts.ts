import * as z from "zod";
import type { ProjectFiles } from "./files.js";
import { inFolder } from "./recipes.js";

export type PackageManager = "npm" | "pnpm" | "yarn" | "bun";

export interface Scripts {
  /** `package.json`, relative to the project's top. */
  path: string;
  folder: string;
  scripts: Map<string, string>;
  packageManager: string | null;
  /** True when there is anything to install. */
  dependencies: boolean;
  /** Files beside it that tell the package manager what to run. */
  settings: string[];
}

const packageJson = z.looseObject({
  scripts: z.record(z.string(), z.unknown()).catch({}),
  packageManager: z.string().nullable().catch(null),
  dependencies: z.record(z.string(), z.unknown()).catch({}),
  devDependencies: z.record(z.string(), z.unknown()).catch({}),
});

/** The package.json of a folder (relative, "" for the top); null when there is none that can be read. */
export async function readPackage(files: ProjectFiles, folder: string): Promise<Scripts | null> {
  const beside = (name: string) => (folder === "" ? name : `${folder}/${name}`);
  const text = await files.read(beside("package.json"));
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = packageJson.safeParse(json);
  if (!parsed.success) return null;
  const scripts = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed.data.scripts)) {
    if (typeof value === "string") scripts.set(name, value);
  }
  const settings = [".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", "pnpm-workspace.yaml"].map(beside);
  // Yarn runs the file that its settings name instead of itself.
  for (const name of [".yarnrc", ".yarnrc.yml"]) {
    const own = /^[ \t]*yarn-?[Pp]ath:?[ \t]+["']?([^"'\s]+)/m.exec((await files.read(beside(name))) ?? "");
    const path = own?.[1] === undefined ? null : inFolder(folder, own[1]);
    if (path !== null) settings.push(path);
  }
  const { dependencies, devDependencies } = parsed.data;
  return {
    path: beside("package.json"),
    folder,
    scripts,
    packageManager: parsed.data.packageManager,
    dependencies: Object.keys(dependencies).length + Object.keys(devDependencies).length > 0,
    settings,
  };
}

/** Which package manager a project uses: by its `packageManager` field, else by its lock file, else npm. */
export async function packageManagerOf(files: ProjectFiles, place: Scripts): Promise<PackageManager> {
  const named = /^(npm|pnpm|yarn|bun)@/.exec(place.packageManager ?? "")?.[1];
  if (named === "npm" || named === "pnpm" || named === "yarn" || named === "bun") return named;
  const locks = new Set(await files.named(/^(pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|package-lock\.json)$/));
  if (locks.has("pnpm-lock.yaml")) return "pnpm";
  if (locks.has("yarn.lock")) return "yarn";
  if (locks.has("bun.lock") || locks.has("bun.lockb")) return "bun";
  return "npm";
}

/** How a person installs what a project needs. */
export const installCommand: Record<PackageManager, string> = {
  npm: "npm ci",
  pnpm: "pnpm install --frozen-lockfile",
  yarn: "yarn install --immutable",
  bun: "bun install --frozen-lockfile",
};
