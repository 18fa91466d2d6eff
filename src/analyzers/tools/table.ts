import { posix } from "node:path";
import type { ToolName } from "../../config/schema.js";
import {
  type Output,
  readCargo,
  readEslint,
  readGolangci,
  readGoVet,
  readJavac,
  readPhp,
  readPhpstan,
  readRubocop,
  readRuby,
  readShellcheck,
  readStaticcheck,
  type Said,
} from "./output.js";

/** A program that a user may have, and that we know how to call and to read. */
export interface Tool {
  program: string;
  languages: string;
  handles(path: string): boolean;
  /**
   * `file`: reads one file and nothing else, so both sides are given to it as copies. `project`: needs the project
   * around it, so it runs in the work tree, from the nearest folder above with one of the `roots`.
   */
  scope: "file" | "project";
  roots: readonly string[];
  /** Its arguments, for paths relative to where it runs. */
  args(paths: readonly string[]): readonly string[];
  read(output: Output): Said[];
}

const extension =
  (...known: string[]) =>
  (path: string) =>
    known.includes(posix.extname(path));

const go = { languages: "Go", handles: extension(".go"), scope: "project" as const, roots: ["go.mod"] };
const rust = {
  languages: "Rust",
  handles: extension(".rs"),
  scope: "project" as const,
  roots: ["Cargo.toml"],
};

/** `./a/b` for each folder, as Go names packages. */
const packages = (paths: readonly string[]) => [
  ...new Set(paths.map((path) => (posix.dirname(path) === "." ? "." : `./${posix.dirname(path)}`))),
];
/** A file's name that begins with a hyphen is no option. */
const named = (paths: readonly string[]) => paths.map((path) => (path.startsWith("-") ? `./${path}` : path));

export const tools: Readonly<Record<ToolName, Tool>> = {
  shellcheck: {
    program: "shellcheck",
    languages: "shell",
    handles: extension(".sh", ".bash"),
    scope: "file",
    roots: [],
    args: (paths) => ["--norc", "--format=json", ...named(paths)],
    read: readShellcheck,
  },
  php: {
    program: "php",
    languages: "PHP",
    handles: extension(".php"),
    scope: "file",
    roots: [],
    args: (paths) => ["-n", "-d", "display_errors=1", "-l", ...named(paths)],
    read: readPhp,
  },
  ruby: {
    program: "ruby",
    languages: "Ruby",
    handles: extension(".rb", ".rake", ".gemspec"),
    scope: "file",
    roots: [],
    args: (paths) => ["-c", ...named(paths)],
    read: readRuby,
  },
  "go-vet": { ...go, program: "go", args: (paths) => ["vet", "-json", ...packages(paths)], read: readGoVet },
  staticcheck: {
    ...go,
    program: "staticcheck",
    args: (paths) => ["-f", "json", ...packages(paths)],
    read: readStaticcheck,
  },
  "golangci-lint": {
    ...go,
    program: "golangci-lint",
    args: (paths) => ["run", "--output.json.path=stdout", "--show-stats=false", ...packages(paths)],
    read: readGolangci,
  },
  "cargo-check": {
    ...rust,
    program: "cargo",
    args: () => ["check", "--quiet", "--all-targets", "--message-format=json"],
    read: readCargo,
  },
  "cargo-clippy": {
    ...rust,
    program: "cargo",
    args: () => ["clippy", "--quiet", "--all-targets", "--message-format=json"],
    read: readCargo,
  },
  javac: {
    program: "javac",
    languages: "Java",
    handles: extension(".java"),
    scope: "project",
    roots: [],
    // No annotation processors, and no class files beside the sources.
    args: (paths) => ["-proc:none", "-implicit:none", "-Xmaxerrs", "200", "-d", "{scratch}", ...named(paths)],
    read: readJavac,
  },
  rubocop: {
    program: "rubocop",
    languages: "Ruby",
    handles: extension(".rb", ".rake", ".gemspec"),
    scope: "project",
    roots: ["Gemfile", ".rubocop.yml"],
    args: (paths) => ["--format", "json", "--force-exclusion", "--", ...paths],
    read: readRubocop,
  },
  phpstan: {
    program: "phpstan",
    languages: "PHP",
    handles: extension(".php"),
    scope: "project",
    roots: ["composer.json"],
    args: (paths) => ["analyse", "--error-format=json", "--no-progress", "--no-interaction", "--", ...paths],
    read: readPhpstan,
  },
  eslint: {
    program: "eslint",
    languages: "TypeScript or JavaScript",
    handles: extension(".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"),
    scope: "project",
    roots: ["package.json"],
    args: (paths) => ["--format", "json", "--no-error-on-unmatched-pattern", "--", ...paths],
    read: readEslint,
  },
};
