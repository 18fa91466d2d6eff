import { posix } from "node:path";
import * as z from "zod";
import type { Ground } from "../ground.js";
import { type Fact, quoted } from "../scout.js";

const record = z.record(z.string(), z.unknown()).catch({});
const mostCommands = 6;

/** What the project holds its own code to already: compilers' strictness, linters, formatters, checks before a merge. */
export async function ownRules(ground: Ground): Promise<Fact[]> {
  const found = await Promise.all([
    typescriptRules(ground),
    pythonRules(ground),
    linters(ground),
    checks(ground),
    contributing(ground),
  ]);
  return found.flat();
}

const strictness = [
  "strict",
  "noUncheckedIndexedAccess",
  "exactOptionalPropertyTypes",
  "noImplicitOverride",
  "noPropertyAccessFromIndexSignature",
  "verbatimModuleSyntax",
  "isolatedModules",
  "noUnusedLocals",
  "noUnusedParameters",
];

async function typescriptRules(ground: Ground): Promise<Fact[]> {
  const path = nearest(ground, "tsconfig.json") ?? nearest(ground, "tsconfig.base.json");
  const source = path === null ? null : await ground.read(path);
  if (path === null || source === null) return [];
  const { parse } = await import("jsonc-parser");
  const options = record.parse(record.parse(parse(source)).compilerOptions);
  const on = strictness.filter((name) => options[name] === true);
  if (on.length === 0) return [];
  return [
    {
      section: "Do",
      text: `Write types that hold: the compiler runs with ${on.join(", ")}`,
      files: [path],
      source: path,
    },
  ];
}

async function pythonRules(ground: Ground): Promise<Fact[]> {
  const path = nearest(ground, "pyproject.toml");
  const source = path === null ? null : await ground.read(path);
  if (path === null || source === null) return [];
  const { parse } = await import("smol-toml");
  let tool: Record<string, unknown> = {};
  try {
    tool = record.parse(record.parse(parse(source)).tool);
  } catch {
    // Broken: it says nothing.
    return [];
  }
  const facts: Fact[] = [];
  const add = (text: string) => facts.push({ section: "Do", text, files: [path], source: path });
  const mypy = record.parse(tool.mypy);
  if (mypy.strict === true) add("Annotate everything: mypy runs with strict");
  else if (tool.mypy !== undefined) add("Annotate what you add: mypy checks this project");
  const pyright = record.parse(tool.pyright).typeCheckingMode;
  if (typeof pyright === "string") add(`Annotate what you add: pyright runs in mode ${quoted(pyright, 40)}`);
  const ruff = record.parse(tool.ruff);
  const select = z
    .array(z.string())
    .catch([])
    .parse(record.parse(ruff.lint).select ?? ruff.select);
  if (tool.ruff !== undefined)
    add(
      `Keep ruff quiet${select.length === 0 ? "" : `: it checks ${quoted(select.slice(0, 15).join(", "), 120)}`}`,
    );
  const filter = z
    .array(z.string())
    .catch([])
    .parse(record.parse(record.parse(tool.pytest).ini_options).filterwarnings);
  if (filter.includes("error")) add("Cause no warnings: pytest turns them into errors (filterwarnings)");
  return facts;
}

const linterFiles: readonly [RegExp, string][] = [
  [/^(?:eslint\.config\.[cm]?[jt]s|\.eslintrc(?:\.[a-z]+)?)$/, "ESLint"],
  [/^biome\.jsonc?$/, "Biome"],
  [/^\.?oxlintrc\.json$/, "oxlint"],
  [/^(?:\.prettierrc(?:\.[a-z]+)?|prettier\.config\.[cm]?[jt]s)$/, "Prettier"],
  [/^\.golangci\.ya?ml$/, "golangci-lint"],
  [/^(?:clippy|\.clippy)\.toml$/, "clippy"],
  [/^\.?rustfmt\.toml$/, "rustfmt"],
  [/^\.rubocop\.yml$/, "RuboCop"],
  [/^phpstan(?:\.neon|\.neon\.dist|\.dist\.neon)$/, "PHPStan"],
  [/^\.pre-commit-config\.yaml$/, "pre-commit"],
  [/^\.flake8$/, "flake8"],
  [/^\.editorconfig$/, "EditorConfig"],
];

async function linters(ground: Ground): Promise<Fact[]> {
  const top = ground.survey.files.map(({ path }) => path).filter((path) => !path.includes("/"));
  const found = linterFiles.flatMap(([name, tool]) => {
    const path = top.find((file) => name.test(file));
    return path === undefined ? [] : [{ tool, path }];
  });
  if (found.length === 0) return [];
  return [
    {
      section: "Do",
      text: `Stay within ${found.map(({ tool, path }) => `${tool} (${path})`).join(", ")}`.slice(0, 300),
      files: found.map(({ path }) => path),
      source: found[0]?.path ?? "",
    },
  ];
}

const worthRunning =
  /\b(?:test|lint|typecheck|type-check|tsc|check|coverage|audit|pytest|mypy|ruff|clippy|fmt|format|vet|bench|size)\b/;

async function checks(ground: Ground): Promise<Fact[]> {
  const workflows = ground.survey.files
    .map(({ path }) => path)
    .filter((path) => /^(?:\.github\/workflows\/[^/]+\.ya?ml|\.gitlab-ci\.yml)$/.test(path))
    .slice(0, 10);
  const facts: Fact[] = [];
  for (const path of workflows) {
    const source = await ground.read(path);
    if (source === null) continue;
    const commands = [
      ...source.matchAll(
        /^[ \t-]*(?:run:[ \t]*)?((?:npm|npx|pnpm|yarn|bun|deno|uv|tox|pytest|python|cargo|go|make|bundle|composer|mvn|\.\/gradlew)\b[^\n]{0,120})$/gm,
      ),
    ]
      .map(([, command = ""]) => command.trim())
      .filter((command) => worthRunning.test(command) && !/fix/.test(command));
    const distinct = [...new Set(commands)].slice(0, mostCommands);
    if (distinct.length === 0) continue;
    facts.push({
      section: "Do",
      text: `Pass what runs before a merge: ${distinct.map((command) => quoted(command, 60)).join(", ")}`.slice(
        0,
        300,
      ),
      files: [path],
      source: path,
    });
    if (facts.length >= 2) break;
  }
  return facts;
}

/** Lines of the project's own rules that say must, never or always. */
async function contributing(ground: Ground): Promise<Fact[]> {
  const paths = ground.survey.files
    .map(({ path }) => path)
    .filter((path) =>
      /^(?:\.github\/|docs\/)?(?:CONTRIBUTING|AGENTS|CLAUDE|STYLE(?:GUIDE)?)(?:\.(?:md|rst|txt))?$/i.test(
        path,
      ),
    )
    .slice(0, 4);
  const facts: Fact[] = [];
  for (const path of paths) {
    const source = await ground.read(path);
    const lines = source?.split("\n") ?? [];
    for (const [at, line] of lines.entries()) {
      if (!/^\s*(?:[-*+]|\d+\.)\s/.test(line) || line.length > 300) continue;
      const never = /\b(?:never|do not|don't|must not|avoid)\b/i.test(line);
      if (!never && !/\b(?:must|always|please (?:add|write|include|run))\b/i.test(line)) continue;
      const text = line.replace(/^\s*(?:[-*+]|\d+\.)\s+/, "");
      facts.push({
        section: never ? "Don't" : "Do",
        text: `This project's own rule: ${quoted(text, 200)}`,
        files: [path],
        source: `${path}:${at + 1}`,
      });
      if (facts.length >= 6) return facts;
    }
  }
  return facts;
}

/** A file of that name, nearest above what the feature is about. */
function nearest(ground: Ground, name: string): string | null {
  const first = ground.relevant[0]?.path ?? "";
  for (let folder = posix.dirname(first); ; folder = posix.dirname(folder)) {
    const path = folder === "." ? name : `${folder}/${name}`;
    if (ground.has(path)) return path;
    if (folder === "." || folder === "/") return null;
  }
}
