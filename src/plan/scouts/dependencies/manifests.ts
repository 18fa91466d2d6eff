import { posix } from "node:path";
import * as z from "zod";

export const ecosystems = ["npm", "pypi", "cargo", "go", "rubygems", "packagist", "maven"] as const;
export type Ecosystem = (typeof ecosystems)[number];

/** What a manifest asks for. */
export interface Declared {
  name: string;
  ecosystem: Ecosystem;
  /** As it is written; empty when it asks for none. */
  range: string;
  /** For developing only. */
  dev: boolean;
}

export interface ManifestContent {
  declared: Declared[];
  /** What it says of the language: `node >=20`, `python >=3.9`. */
  runtimes: string[];
  /** What it is the manifest of; null when it does not say. */
  own?: { name: string; version: string | null } | null;
}

const record = z.record(z.string(), z.unknown()).catch({});
const texts = z.array(z.string()).catch([]);
const text = z.string().optional().catch(undefined);
const longest = 200;

/** Names of manifests, in the order that tells most of a project. */
const readers: readonly [RegExp, (source: string) => ManifestContent | Promise<ManifestContent>][] = [
  [/^package\.json$/, fromPackageJson],
  [/^pyproject\.toml$/, fromPyproject],
  [/^(?:requirements[\w.-]*|constraints)\.(?:txt|in)$/, fromRequirements],
  [/^setup\.cfg$/, fromSetupCfg],
  [/^setup\.py$/, fromSetupPy],
  [/^Pipfile$/, fromPipfile],
  [/^Cargo\.toml$/, fromCargo],
  [/^go\.mod$/, fromGoMod],
  [/^Gemfile$/, fromGemfile],
  [/^[\w.-]+\.gemspec$/, fromGemfile],
  [/^composer\.json$/, fromComposer],
  [/^pom\.xml$/, fromPom],
  [/^build\.gradle(?:\.kts)?$/, fromGradle],
];

export function isManifest(path: string): boolean {
  return readers.some(([name]) => name.test(posix.basename(path)));
}

/** What a manifest says, read as data. One that can't be read says nothing. */
export async function readManifest(path: string, source: string): Promise<ManifestContent> {
  const reader = readers.find(([name]) => name.test(posix.basename(path)))?.[1];
  const nothing: ManifestContent = { declared: [], runtimes: [] };
  if (reader === undefined) return nothing;
  try {
    const { declared, runtimes, own } = await reader(source);
    return {
      own: own ?? null,
      declared: declared.filter(({ name, range }) => name.length <= longest && range.length <= longest),
      runtimes,
    };
  } catch {
    // Broken, or nested deeper than the stack is high.
    return nothing;
  }
}

function fromPackageJson(source: string): ManifestContent {
  const json = record.parse(JSON.parse(source));
  const declared = (
    ["dependencies", "peerDependencies", "optionalDependencies", "devDependencies"] as const
  ).flatMap((key) =>
    Object.entries(record.parse(json[key])).flatMap(([name, range]): Declared[] =>
      typeof range === "string" ? [{ name, ecosystem: "npm", range, dev: key === "devDependencies" }] : [],
    ),
  );
  const node = text.parse(record.parse(json.engines).node);
  return {
    declared,
    runtimes: node === undefined ? [] : [`node ${node}`],
    own: named(json.name, json.version),
  };
}

async function fromPyproject(source: string): Promise<ManifestContent> {
  const { parse } = await import("smol-toml");
  const { project, tool, "dependency-groups": groups } = record.parse(parse(source));
  const own = record.parse(project);
  const poetry = record.parse(record.parse(tool).poetry);
  const requires = (items: unknown, dev: boolean) =>
    texts.parse(items).flatMap((item) => requirement(item, dev));
  const fromTable = (table: unknown, dev: boolean) =>
    Object.entries(record.parse(table)).flatMap(([name, range]): Declared[] => {
      if (name === "python") return [];
      const written = typeof range === "string" ? range : (text.parse(record.parse(range).version) ?? "");
      return [{ name: pypiName(name), ecosystem: "pypi", range: written, dev }];
    });
  const declared = [
    ...requires(own.dependencies, false),
    ...Object.values(record.parse(own["optional-dependencies"])).flatMap((items) => requires(items, true)),
    // A group may include another one, by a table instead of a text.
    ...Object.values(record.parse(groups)).flatMap((items) =>
      requires(Array.isArray(items) ? items.filter((item) => typeof item === "string") : [], true),
    ),
    ...fromTable(poetry.dependencies, false),
    ...fromTable(poetry["dev-dependencies"], true),
    ...Object.values(record.parse(poetry.group)).flatMap((group) =>
      fromTable(record.parse(group).dependencies, true),
    ),
  ];
  const python = text.parse(own["requires-python"]) ?? text.parse(record.parse(poetry.dependencies).python);
  return {
    declared,
    runtimes: python === undefined ? [] : [`python ${python}`],
    own: named(own.name ?? poetry.name, own.version ?? poetry.version),
  };
}

function named(name: unknown, version: unknown): ManifestContent["own"] {
  return typeof name === "string" ? { name, version: typeof version === "string" ? version : null } : null;
}

function fromRequirements(source: string): ManifestContent {
  return { declared: source.split("\n").flatMap((line) => requirement(line, false)), runtimes: [] };
}

/** `Flask[async]>=2.0 ; python_version > "3.8"  # why` */
function requirement(line: string, dev: boolean): Declared[] {
  const found = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*\(?([^;#@)]*)/.exec(line);
  if (found === null || /^\s*(?:-|#|\.|\/)|:\/\//.test(line)) return [];
  return [{ name: pypiName(found[1] ?? ""), ecosystem: "pypi", range: (found[2] ?? "").trim(), dev }];
}

/** As the index compares names. */
export function pypiName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, "-");
}

function fromSetupCfg(source: string): ManifestContent {
  const list = (key: string) =>
    (new RegExp(`^${key}\\s*=(.*(?:\\n[ \\t]+.*)*)`, "m").exec(source)?.[1] ?? "")
      .split("\n")
      .flatMap((line) => requirement(line, false));
  const python = /^python_requires\s*=\s*(.+)$/m.exec(source)?.[1]?.trim();
  return { declared: list("install_requires"), runtimes: python === undefined ? [] : [`python ${python}`] };
}

function fromSetupPy(source: string): ManifestContent {
  const list = /install_requires\s*=\s*\[([^\]]*)\]/.exec(source)?.[1] ?? "";
  const python = /python_requires\s*=\s*["']([^"']+)/.exec(source)?.[1];
  return {
    declared: [...list.matchAll(/["']([^"']+)["']/g)].flatMap(([, one = ""]) => requirement(one, false)),
    runtimes: python === undefined ? [] : [`python ${python}`],
  };
}

async function fromPipfile(source: string): Promise<ManifestContent> {
  const { parse } = await import("smol-toml");
  const file = record.parse(parse(source));
  const list = (key: string, dev: boolean) =>
    Object.entries(record.parse(file[key])).map(([name, range]): Declared => {
      const written = typeof range === "string" ? range : (text.parse(record.parse(range).version) ?? "");
      return { name: pypiName(name), ecosystem: "pypi", range: written, dev };
    });
  return { declared: [...list("packages", false), ...list("dev-packages", true)], runtimes: [] };
}

async function fromCargo(source: string): Promise<ManifestContent> {
  const { parse } = await import("smol-toml");
  const file = record.parse(parse(source));
  const list = (table: unknown, dev: boolean) =>
    Object.entries(record.parse(table)).map(([name, range]): Declared => {
      const written = typeof range === "string" ? range : (text.parse(record.parse(range).version) ?? "");
      return { name, ecosystem: "cargo", range: written, dev };
    });
  const rust = text.parse(record.parse(file.package)["rust-version"]);
  return {
    declared: [
      ...list(file.dependencies, false),
      ...list(record.parse(file.workspace).dependencies, false),
      ...list(file["dev-dependencies"], true),
    ],
    runtimes: rust === undefined ? [] : [`rust ${rust}`],
  };
}

function fromGoMod(source: string): ManifestContent {
  const declared = [
    ...source.matchAll(/^\s*(?:require\s+)?([a-z0-9][\w.-]*\.[a-z]+\/[^\s]+)\s+(v[^\s]+)(.*)$/gm),
  ]
    .filter(([, , , rest]) => !(rest ?? "").includes("// indirect"))
    .map(([, name = "", range = ""]): Declared => ({ name, ecosystem: "go", range, dev: false }));
  const go = /^go\s+(\S+)$/m.exec(source)?.[1];
  return { declared, runtimes: go === undefined ? [] : [`go ${go}`] };
}

function fromGemfile(source: string): ManifestContent {
  const found = source.matchAll(
    /^\s*(?:\w+\.)?(gem|add_(?:runtime_|development_)?dependency)\s*\(?\s*["']([\w.-]+)["'](?:\s*,\s*["']([^"']+)["'])?/gm,
  );
  const declared = [...found].map(([, kind, name = "", range = ""]): Declared => {
    return { name, ecosystem: "rubygems", range, dev: kind === "add_development_dependency" };
  });
  const ruby = /required_ruby_version\s*=\s*["']([^"']+)|^ruby\s+["']([^"']+)/m.exec(source);
  const version = ruby?.[1] ?? ruby?.[2];
  return { declared, runtimes: version === undefined ? [] : [`ruby ${version}`] };
}

function fromComposer(source: string): ManifestContent {
  const json = record.parse(JSON.parse(source));
  const list = (key: string, dev: boolean) =>
    Object.entries(record.parse(json[key])).flatMap(([name, range]): Declared[] =>
      typeof range === "string" && name.includes("/") ? [{ name, ecosystem: "packagist", range, dev }] : [],
    );
  const php = text.parse(record.parse(json.require).php);
  return {
    declared: [...list("require", false), ...list("require-dev", true)],
    runtimes: php === undefined ? [] : [`php ${php}`],
  };
}

function fromPom(source: string): ManifestContent {
  const blocks = [...source.matchAll(/<(?:dependency|parent)>([\s\S]{0,2000}?)<\/(?:dependency|parent)>/g)];
  const field = (block: string, name: string) =>
    new RegExp(`<${name}>([^<]{1,200})</${name}>`).exec(block)?.[1]?.trim();
  const declared = blocks.flatMap(([, block = ""]): Declared[] => {
    const [group, artifact] = [field(block, "groupId"), field(block, "artifactId")];
    if (group === undefined || artifact === undefined) return [];
    return [
      {
        name: `${group}:${artifact}`,
        ecosystem: "maven",
        range: field(block, "version") ?? "",
        dev: field(block, "scope") === "test",
      },
    ];
  });
  const java = /<(?:java\.version|maven\.compiler\.release)>([^<]{1,20})</.exec(source)?.[1];
  return { declared, runtimes: java === undefined ? [] : [`java ${java}`] };
}

function fromGradle(source: string): ManifestContent {
  const found = source.matchAll(
    /^\s*(\w*[iI]mplementation|api|compileOnly|runtimeOnly)\s*\(?\s*["']([\w.-]+:[\w.-]+)(?::([\w.$-]+))?["']/gm,
  );
  const declared = [...found].map(([, kind = "", name = "", range = ""]): Declared => {
    return { name, ecosystem: "maven", range, dev: /^test/i.test(kind) };
  });
  return { declared, runtimes: [] };
}
