import { createHash } from "node:crypto";
import type { ProjectFiles } from "./files.js";
import { readPackage, type Scripts } from "./package-scripts.js";
import { inFolder, justfiles, makefiles, reachable, readRecipes } from "./recipes.js";

/** A piece of the project that a command would run. */
export interface Source {
  /** Where it stands: `package.json scripts.lint`, `Makefile`, `scripts/check.sh`, … */
  origin: string;
  text: string;
  /** True for a command that is run as it stands; false for a file that tells a program what to do. */
  command: boolean;
}

/**
 * What of the project a command line runs, followed through package scripts, recipes and shell scripts as far as
 * their text shows it. It reads and never runs anything. A command computed at run time is not seen, and neither
 * is the code of the project that a compiler or a linter plugin runs: whoever trusts a command trusts that too.
 */
export async function sourcesOf(command: string, folder: string, files: ProjectFiles): Promise<Source[]> {
  const found = new Found(files);
  await found.follow(command, folder, 0);
  return [...found.sources.values()].sort((a, b) => (a.origin < b.origin ? -1 : 1));
}

/** SHA-256 in hex of a command, its folder and all it runs: what `sluice trust` stores. */
export function scriptsHash(command: string, folder: string, sources: readonly Source[]): string {
  const hash = createHash("sha256");
  hash.update(
    JSON.stringify(["gate/1", command, folder, ...sources.map(({ origin, text }) => [origin, text])]),
  );
  return hash.digest("hex");
}

const maxDepth = 8;
const maxSources = 300;
const maxWords = 2_000;
const maxArguments = 200;

const packageManagers = new Set(["npm", "pnpm", "yarn", "bun", "npx", "pnpx", "bunx", "corepack"]);
const scriptRunners = new Set(["npm-run-all", "npm-run-all2", "run-s", "run-p", "concurrently", "wireit"]);
const workspaceRunners = new Set(["turbo", "nx", "lerna", "moon", "rush"]);
const workspaceFlags =
  /^(-r|-w|-ws|-F|--workspaces?|--recursive|--filter|--include-workspace-root|-C|--prefix|--cwd|--dir|workspaces?|foreach)(=|$)/;
const interpreters =
  /^(sh|bash|zsh|dash|ksh|fish|node|nodejs|python|python\d(\.\d+)?|ruby|perl|php|deno|bun|tsx|ts-node|source|\.)$/;

/** The files that decide what a build tool runs, by the program's name. */
const toolFiles: { program: RegExp; files: RegExp; fixed: string[] }[] = [
  {
    program: /^cargo(-.+)?$/,
    files: /^(Cargo\.toml|build\.rs)$/,
    fixed: [".cargo/config.toml", ".cargo/config", "rust-toolchain.toml", "rust-toolchain"],
  },
  { program: /^(go|gofmt)$/, files: /^go\.(mod|work)$/, fixed: [] },
  {
    program: /^golangci-lint$/,
    files: /^go\.(mod|work)$/,
    fixed: [".golangci.yml", ".golangci.yaml", ".golangci.toml", ".golangci.json", ".custom-gcl.yml"],
  },
  {
    program: /^gradlew?(\.bat)?$/,
    files: /\.gradle(\.kts)?$|^gradle\.properties$|^libs\.versions\.toml$/,
    fixed: [
      "gradlew",
      "gradlew.bat",
      "gradle/wrapper/gradle-wrapper.properties",
      "gradle/wrapper/gradle-wrapper.jar",
    ],
  },
  {
    program: /^mvnw?(\.cmd)?$/,
    files: /^pom\.xml$/,
    fixed: [
      "mvnw",
      "mvnw.cmd",
      ".mvn/maven.config",
      ".mvn/jvm.config",
      ".mvn/extensions.xml",
      ".mvn/wrapper/maven-wrapper.properties",
      ".mvn/wrapper/maven-wrapper.jar",
    ],
  },
  {
    program: /^(ruff|mypy|pyright|tox|nox|poetry|pdm|hatch|uv|flake8|pylint)$/,
    files: /^$/,
    fixed: [
      "mypy.ini",
      ".mypy.ini",
      "ruff.toml",
      ".ruff.toml",
      "pyrightconfig.json",
      "setup.cfg",
      "tox.ini",
      "noxfile.py",
      ".pylintrc",
      ".flake8",
    ],
  },
];

class Found {
  readonly sources = new Map<string, Source>();
  readonly #files: ProjectFiles;
  readonly #followed = new Set<string>();

  constructor(files: ProjectFiles) {
    this.#files = files;
  }

  async follow(text: string, folder: string, depth: number): Promise<void> {
    const key = `${folder}\0${text}`;
    if (depth > maxDepth || this.sources.size > maxSources || this.#followed.has(key)) return;
    this.#followed.add(key);
    let at: string | null = folder;
    for (const words of simpleCommands(text)) {
      if (words[0] === "cd" || words[0] === "pushd") {
        const target = words[1] === "/d" || words[1] === "--" ? words[2] : words[1];
        at = at === null || target === undefined ? null : inFolder(at, target);
        continue;
      }
      // After a folder that is computed or outside, file names mean nothing; programs still do.
      await this.#simple(words, at ?? "", depth, at !== null);
    }
  }

  async #simple(words: string[], folder: string, depth: number, known: boolean): Promise<void> {
    const start = Math.max(
      words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word)),
      0,
    );
    for (let index = start; index < Math.min(words.length, start + maxWords); index++) {
      const word = words[index] ?? "";
      const program = word.slice(word.lastIndexOf("/") + 1);
      const rest = words.slice(index + 1, index + 1 + maxArguments);
      if (packageManagers.has(program) || scriptRunners.has(program) || workspaceRunners.has(program)) {
        await this.#packageScripts(program, rest, folder, depth);
      } else if (program === "make" || program === "gmake") {
        await this.#recipes(rest, folder, depth, makefiles, "-f");
      } else if (program === "just") {
        await this.#recipes(rest, folder, depth, justfiles, "--justfile");
      }
      for (const tool of toolFiles) if (tool.program.test(program)) await this.#tool(tool, program, folder);
      if (!known) continue;
      if (interpreters.test(program)) {
        const script = rest.find((argument) => !argument.startsWith("-"));
        if (script !== undefined) await this.#executed(script, folder, depth);
      }
      if (index === start && word.includes("/")) await this.#executed(word, folder, depth);
    }
  }

  async #packageScripts(program: string, rest: string[], folder: string, depth: number): Promise<void> {
    let at = folder;
    let home = await readPackage(this.#files, at);
    while (home === null && at !== "") {
      at = at.split("/").slice(0, -1).join("/");
      home = await readPackage(this.#files, at);
    }
    const everywhere = workspaceRunners.has(program) || rest.some((word) => workspaceFlags.test(word));
    const places = home === null ? [] : [home];
    if (everywhere) {
      for (const path of await this.#files.named(/^package\.json$/)) {
        const inner = await readPackage(this.#files, path.split("/").slice(0, -1).join("/"));
        if (inner !== null && inner.path !== home?.path) places.push(inner);
      }
      for (const path of await this.#files.named(
        /^(turbo\.jsonc?|nx\.json|project\.json|lerna\.json|pnpm-workspace\.yaml)$/,
      ))
        await this.#file(path);
    }
    for (const place of places) {
      for (const path of place.settings) await this.#file(path);
      this.#add(`${place.path} packageManager`, place.packageManager ?? "", false);
      for (const name of scriptsNamed(rest, place)) await this.#script(place, name, depth);
    }
  }

  async #script(place: Scripts, name: string, depth: number): Promise<void> {
    for (const called of [`pre${name}`, name, `post${name}`]) {
      const text = place.scripts.get(called);
      if (text === undefined || !this.#add(`${place.path} scripts.${called}`, text, true)) continue;
      await this.follow(text, place.folder, depth + 1);
    }
  }

  async #recipes(
    rest: string[],
    folder: string,
    depth: number,
    names: readonly string[],
    option: string,
  ): Promise<void> {
    let at = folder;
    let files = names;
    const targets: string[] = [];
    for (let index = 0; index < rest.length; index++) {
      const word = rest[index] ?? "";
      const value = rest[index + 1] ?? "";
      if (word === "-C" || word === "--directory" || word === "--working-directory") {
        at = inFolder(folder, value) ?? folder;
        index++;
      } else if (word === option || word === "-f" || word === "--file") {
        files = [value];
        index++;
      } else if (!word.startsWith("-") && !word.includes("=")) targets.push(word);
    }
    const recipes = await readRecipes(this.#files, at, files);
    if (recipes === null) return;
    for (const { path, text } of recipes.files) this.#add(path, text, false);
    if (targets.length === 0 && recipes.first !== null) targets.push(recipes.first);
    for (const target of targets) await this.follow(reachable(recipes, target), at, depth + 1);
  }

  async #tool(tool: (typeof toolFiles)[number], program: string, folder: string): Promise<void> {
    if (tool.files.source !== "^$") {
      for (const path of await this.#files.named(tool.files)) await this.#file(path);
    }
    for (const name of tool.fixed) {
      await this.#file(name);
      if (folder !== "") await this.#file(`${folder}/${name}`);
    }
    if (tool.fixed.includes("ruff.toml")) await this.#python(program, folder);
  }

  /** Only what pyproject.toml says to this tool: a new dependency is no new command. */
  async #python(program: string, folder: string): Promise<void> {
    const path = folder === "" ? "pyproject.toml" : `${folder}/pyproject.toml`;
    const text = await this.#files.read(path);
    if (text === null) return;
    const { parse } = await import("smol-toml");
    let tools: unknown;
    try {
      tools = parse(text).tool;
    } catch {
      this.#add(path, text, false);
      return;
    }
    const section: unknown =
      typeof tools === "object" && tools !== null ? Reflect.get(tools, program) : undefined;
    this.#add(`${path} tool.${program}`, JSON.stringify(section ?? null), false);
    // mypy runs the plugins that it is told to, also from the project.
    if (program !== "mypy") return;
    for (const [, plugin] of JSON.stringify(section ?? null).matchAll(/"([\w./-]+\.py)(?::\w+)?"/g)) {
      const inside = inFolder(folder, plugin ?? "");
      if (inside !== null) await this.#file(inside);
    }
  }

  /** A file that is run by its name. Shell scripts are followed; what other languages do is in their hash. */
  async #executed(word: string, folder: string, depth: number): Promise<void> {
    const path = inFolder(folder, word);
    // What is installed came with the lock file, and is not the project's own.
    if (path === null || path === "" || /(^|\/)(node_modules|\.?venv)\//.test(path)) return;
    const text = await this.#files.read(path);
    if (text === null || !this.#add(path, text, false)) return;
    if (/\.(sh|bash|zsh)$/.test(path) || /^#!.*\b(sh|bash|zsh|dash|ksh)\b/.test(text.slice(0, 200)))
      await this.follow(text, folder, depth + 1);
  }

  async #file(path: string): Promise<void> {
    const text = await this.#files.read(path);
    if (text !== null) this.#add(path, text, false);
  }

  /** False when it was there already or there is no room. */
  #add(origin: string, text: string, command: boolean): boolean {
    if (this.sources.has(origin) || this.sources.size > maxSources) return false;
    if (text !== "") this.sources.set(origin, { origin, text, command });
    return true;
  }
}

/** The scripts that the words of a command name: `lint`, `lint:*`, `npm:lint`, and what an install runs. */
function scriptsNamed(words: readonly string[], place: Scripts): string[] {
  const named = new Set<string>();
  for (const raw of words.slice(0, maxWords)) {
    const word = raw.replace(/^(npm|pnpm|yarn|bun):/, "");
    if (place.scripts.has(word)) named.add(word);
    if (word === "t" || word === "tst") named.add("test");
    if (/^(ci|i|install|add)$/.test(word)) {
      for (const name of ["preinstall", "install", "postinstall", "prepare"]) named.add(name);
    }
    if (word.includes("*")) {
      const start = word.slice(0, word.indexOf("*"));
      for (const name of place.scripts.keys()) if (name.startsWith(start)) named.add(name);
    }
  }
  return [...named].sort();
}

/**
 * The commands of a shell text, each as its words, without quotes. A rough reading: a word too many only makes
 * the hash cover more.
 */
export function simpleCommands(text: string): string[][] {
  const commands: string[][] = [];
  let words: string[] = [];
  for (const [token] of text
    .slice(0, 64 * 1024)
    .matchAll(/[\n;|&(){}`]+|"[^"\n]*"|'[^'\n]*'|[^\s;|&(){}`"']+/g)) {
    if (/^[\n;|&(){}`]/.test(token)) {
      if (words.length > 0) commands.push(words);
      words = [];
      continue;
    }
    const quoted = /^["']/.test(token)
      ? token.slice(1, -1)
      : token.replace(/^[@+-]+(?=[A-Za-z./])/, (sign) => (words.length === 0 ? "" : sign));
    // `sh -c "npm run lint"`: a quoted text may be a command of its own.
    if (quoted !== token && /\s/.test(quoted)) commands.push(...simpleCommands(quoted));
    words.push(quoted);
    if (commands.length > maxWords) break;
  }
  if (words.length > 0) commands.push(words);
  return commands;
}
