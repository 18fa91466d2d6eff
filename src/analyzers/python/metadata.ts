import { posix } from "node:path";
import * as z from "zod";

/** What a project's files say of where its packages are, read as data: nothing of them is executed. */

const texts = z.array(z.string()).catch([]);
const text = z.string().optional().catch(undefined);
const table = z.record(z.string(), z.unknown()).catch({});

/** Characters: nobody writes a longer one, and it is read where others wait. */
const lengthLimit = 128 * 1024;

export interface Metadata {
  /** Folders with top-level packages, relative to the file's own. */
  roots: string[];
  /** The oldest version that is asked for, as `3.9`; null when none is. */
  version: string | null;
}

/** What a file by one of the names that projects are described in says. One that can't be read says nothing. */
export async function readMetadata(name: string, source: string): Promise<Metadata> {
  const nothing: Metadata = { roots: [], version: null };
  if (source.length > lengthLimit) return nothing;
  try {
    return await read(name, source);
  } catch {
    // Broken, or nested deeper than the stack is high.
    return nothing;
  }
}

async function read(name: string, source: string): Promise<Metadata> {
  if (name === "pyproject.toml") {
    const { parse } = await import("smol-toml");
    const parsed = parse(source);
    const { project, tool } = tables(parsed);
    const poetry = at(tool, "poetry", "dependencies");
    const wanted = text.parse(project["requires-python"]) ?? text.parse(table.parse(poetry).python);
    return { roots: rootsOfPyproject(parsed), version: oldest(wanted) };
  }
  if (name === "pyrightconfig.json") {
    const { parse } = await import("jsonc-parser");
    return { roots: texts.parse(table.parse(parse(source)).extraPaths), version: null };
  }
  const asked = /python_requires\s*=\s*["']?([^"'\n]+)/.exec(source)?.[1];
  if (name === "setup.cfg") return { roots: rootsOfIni(source), version: oldest(asked) };
  if (name === "setup.py") return { roots: rootsOfSetup(source), version: oldest(asked) };
  return { roots: name === "pytest.ini" ? rootsOfIni(source) : [], version: null };
}

function oldest(wanted: string | undefined): string | null {
  const minor = Number(/(?:>=|~=|\^|==)\s*3\.(\d{1,2})/.exec(wanted ?? "")?.[1]);
  return Number.isNaN(minor) ? null : `3.${Math.min(Math.max(minor, 8), 14)}`;
}

function tables(parsed: Record<string, unknown>) {
  return { project: table.parse(parsed.project), tool: table.parse(parsed.tool) };
}

/** What is under some keys, or undefined. */
function at(from: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>((value, key) => table.parse(value)[key], from);
}

function rootsOfPyproject(parsed: Record<string, unknown>): string[] {
  const { tool } = tables(parsed);
  const wheel = at(tool, "hatch", "build", "targets", "wheel");
  const poetry = z.array(z.object({ from: z.string() })).catch([]);
  const pdm = text.parse(at(tool, "pdm", "build", "package-dir"));
  const uv = text.parse(at(tool, "uv", "build-backend", "module-root"));
  const flit = text.parse(at(tool, "flit", "module", "path"));
  return [
    ...texts.parse(at(tool, "setuptools", "packages", "find", "where")),
    ...Object.entries(table.parse(at(tool, "setuptools", "package-dir"))).flatMap(([name, folder]) =>
      typeof folder === "string" ? rootOfPackage(name, folder) : [],
    ),
    ...z
      .array(z.unknown())
      .catch([])
      .parse(at(tool, "poetry", "packages"))
      .flatMap((one) => poetry.parse([one]).map(({ from }) => from)),
    // A package's path: its folder is what is searched.
    ...texts.parse(at(wheel, "packages")).map((path) => posix.dirname(path)),
    ...texts.parse(at(wheel, "sources")),
    ...(pdm ? [pdm] : []),
    ...(uv ? [uv] : []),
    ...(flit ? [posix.dirname(flit)] : []),
    ...texts.parse(at(tool, "pyright", "extraPaths")),
    ...texts.parse(at(tool, "basedpyright", "extraPaths")),
    ...texts.parse(at(tool, "pytest", "ini_options", "pythonpath")),
    ...lists(at(tool, "mypy", "mypy_path")),
  ];
}

function lists(value: unknown): string[] {
  const listed = Array.isArray(value) ? texts.parse(value) : (text.parse(value) ?? "").split(/[:,]/);
  return listed.map((one) => one.replace("$MYPY_CONFIG_FILE_DIR/", "").trim()).filter(Boolean);
}

/** `"" = "src"` is a folder of packages; `"app" = "code/app"` a package in one, when it keeps its name. */
function rootOfPackage(name: string, folder: string): string[] {
  if (name === "") return [folder];
  const path = name.replaceAll(".", "/");
  return folder === path || folder.endsWith(`/${path}`) ? [folder.slice(0, -path.length) || "."] : [];
}

function rootsOfIni(source: string): string[] {
  const found: string[] = [];
  const section = (name: string) =>
    new RegExp(`^\\[${name}\\]\\n((?:(?!\\[).*\\n?)*)`, "m").exec(source.replace(/\r/g, ""))?.[1] ?? "";
  const values = (body: string, key: string) =>
    (new RegExp(`^${key}\\s*=(.*(?:\\n[ \\t]+.*)*)`, "m").exec(body)?.[1] ?? "")
      .split(/[\n,]/)
      .map((one) => one.trim());
  for (const line of values(section("options"), "package_dir")) {
    const [name = "", folder] = line.split("=").map((one) => one.trim());
    if (folder) found.push(...rootOfPackage(name, folder));
  }
  found.push(...values(section("options\\.packages\\.find"), "where"));
  for (const name of ["pytest", "tool:pytest"]) {
    found.push(...values(section(name), "pythonpath").flatMap((one) => one.split(/\s+/)));
  }
  found.push(...values(section("mypy"), "mypy_path").flatMap(lists));
  return found.filter(Boolean);
}

function rootsOfSetup(source: string): string[] {
  const found = [...source.matchAll(/find(?:_namespace)?_packages\(\s*(?:where\s*=\s*)?["']([^"']+)["']/g)];
  const folders = /package_dir\s*=\s*\{([^{}]*)\}/.exec(source)?.[1] ?? "";
  const pairs = [...folders.matchAll(/["']([^"']*)["']\s*:\s*["']([^"']*)["']/g)];
  return [
    ...found.flatMap(([, folder]) => folder ?? []),
    ...pairs.flatMap(([, name = "", folder = ""]) => rootOfPackage(name, folder)),
  ].filter(Boolean);
}
