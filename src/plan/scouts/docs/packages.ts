import { readdir, realpath } from "node:fs/promises";
import { join, posix, sep } from "node:path";
import { readRegularFile } from "../../../durable-file.js";
import { pypiName } from "../dependencies/manifests.js";
import type { Dependency } from "../dependencies.js";
import type { Ground } from "../ground.js";

/** What is installed of a package, on this machine, in this repository. Read, never run. */
export interface Installed {
  dependency: Dependency;
  /** From the repository's top. */
  folder: string;
  version: string | null;
  /** Where its documentation is on the web, by its own manifest. */
  home: string | null;
  readme: PackageText | null;
  changes: PackageText | null;
  /** Declarations of its entry. */
  types: PackageText | null;
}

export interface PackageText {
  /** From the repository's top. */
  path: string;
  text: string;
}

/** Bytes. */
const limits = { manifest: 512 * 1024, text: 512 * 1024, types: 1024 * 1024 };

/** Null for what is not installed here. */
export async function installedPackage(ground: Ground, dependency: Dependency): Promise<Installed | null> {
  if (dependency.ecosystem === "npm") return nodePackage(ground, dependency);
  return dependency.ecosystem === "pypi" ? pythonPackage(ground, dependency) : null;
}

async function nodePackage(ground: Ground, dependency: Dependency): Promise<Installed | null> {
  if (!/^(?:@[\w.-]+\/)?[\w.-]+$/.test(dependency.name) || dependency.name.includes("..")) return null;
  for (let folder = posix.dirname(dependency.manifest); ; folder = posix.dirname(folder)) {
    const path =
      folder === "." ? `node_modules/${dependency.name}` : `${folder}/node_modules/${dependency.name}`;
    const found = await readNodePackage(ground, dependency, path);
    if (found !== null) return found;
    if (folder === "." || folder === "/") return null;
  }
}

async function readNodePackage(
  ground: Ground,
  dependency: Dependency,
  folder: string,
): Promise<Installed | null> {
  const read = reader(ground, folder);
  const manifest = await read("package.json", limits.manifest);
  if (manifest === null) return null;
  const fields = fieldsOf(manifest.text);
  const text = (key: string) => (typeof fields[key] === "string" ? fields[key] : null);
  const types = text("types") ?? text("typings") ?? "index.d.ts";
  const entries = [
    types,
    types.endsWith(".d.ts") ? null : `${types}.d.ts`,
    "index.d.ts",
    "dist/index.d.ts",
    "types/index.d.ts",
  ];
  let declarations: PackageText | null = null;
  for (const entry of entries) {
    if (declarations === null && entry !== null && isInside(entry))
      declarations = await read(entry, limits.types);
  }
  return {
    dependency,
    folder,
    version: text("version"),
    home: address(text("homepage")),
    readme:
      (await read("README.md", limits.text)) ??
      (await read("readme.md", limits.text)) ??
      (await read("Readme.md", limits.text)),
    changes: (await read("CHANGELOG.md", limits.text)) ?? (await read("History.md", limits.text)),
    types: declarations,
  };
}

const environments = [".venv", "venv", "env"];

async function pythonPackage(ground: Ground, dependency: Dependency): Promise<Installed | null> {
  for (const site of await sitePackages(ground)) {
    const listed = (await readdir(join(ground.project.repository.root, site)).catch(() => [])).slice(
      0,
      20_000,
    );
    const info = listed.find((name) => {
      const stem = /^(.+?)-\d[^-]*\.dist-info$/.exec(name)?.[1];
      return stem !== undefined && pypiName(stem) === dependency.name;
    });
    if (info === undefined) continue;
    const metadata = await reader(ground, `${site}/${info}`)("METADATA", limits.text);
    if (metadata === null) continue;
    const [head = "", ...body] = metadata.text.split(/\r?\n\r?\n/);
    const field = (name: string) => new RegExp(`^${name}: (.+)$`, "m").exec(head)?.[1]?.trim() ?? null;
    const project = [...head.matchAll(/^Project-URL: ([^,\n]+), (\S+)$/gm)];
    const docs =
      project.find(([, label = ""]) => /doc/i.test(label))?.[2] ??
      project.find(([, label = ""]) => /home/i.test(label))?.[2];
    const top = listed.find((name) => pypiName(name) === dependency.name && !name.includes("."));
    const types =
      top === undefined ? null : await reader(ground, `${site}/${top}`)("__init__.py", limits.types);
    return {
      dependency,
      folder: `${site}/${info}`,
      version: field("Version"),
      home: address(docs ?? field("Home-page")),
      readme: { path: metadata.path, text: body.join("\n\n") },
      changes: null,
      types,
    };
  }
  return null;
}

async function sitePackages(ground: Ground): Promise<string[]> {
  const { root } = ground.project.repository;
  const found: string[] = [];
  for (const environment of environments) {
    const versions = await readdir(join(root, environment, "lib")).catch(() => []);
    for (const version of versions.filter((name) => /^python3[\w.]*$/.test(name)).slice(0, 4))
      found.push(`${environment}/lib/${version}/site-packages`);
    if (versions.length === 0) found.push(`${environment}/Lib/site-packages`);
  }
  return found;
}

/** Reads in a folder as long as it really is in the repository: package managers link, and so could anybody. */
function reader(
  ground: Ground,
  folder: string,
): (name: string, limit: number) => Promise<PackageText | null> {
  const { root } = ground.project.repository;
  const inside = realpath(join(root, folder)).then(
    (real) => real === root || real.startsWith(`${root}${sep}`),
    () => false,
  );
  return async (name, limit) => {
    if (!(await inside) || !(await staysInside(root, join(root, folder, name)))) return null;
    const file = await readRegularFile(join(root, folder, name), limit);
    return file.state === "read" && !file.text.includes("\0")
      ? { path: `${folder}/${name}`, text: file.text }
      : null;
  };
}

async function staysInside(root: string, path: string): Promise<boolean> {
  return realpath(path).then(
    (real) => real.startsWith(`${root}${sep}`),
    () => false,
  );
}

function isInside(path: string): boolean {
  return !path.startsWith("/") && !path.split(/[\\/]/).includes("..") && !path.includes("\0");
}

function address(text: string | null): string | null {
  return text !== null && text.length <= 200 && /^https?:\/\/[^\s"'<>]+$/.test(text) ? text : null;
}

function fieldsOf(source: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(source);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
