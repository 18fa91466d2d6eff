import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse as parseToml } from "smol-toml";
import { afterAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import * as z from "zod";
import { environmentVariables } from "../src/config/environment.js";
import { configurationJsonSchema, configurationKeys } from "../src/config/json-schema.js";
import { whoMaySet } from "../src/config/restrict.js";
import { tools } from "../tools/index.js";
import type { Ended } from "./support/command.js";
import {
  anchorsOf,
  commandsOf,
  type DocumentedCommand,
  linksOf,
  readDocument,
  readDocuments,
  root,
  words,
} from "./support/documents.js";
import { plannedRepository } from "./support/planning.js";
import type { TestRepository } from "./support/repository.js";
import { serverProgram } from "./support/server.js";

const documents = readDocuments();
const commands = documents.flatMap(commandsOf);

/** What stands for something of the reader's own, and what it is in the scratch repository. */
const placeholders: Readonly<Record<string, string>> = {
  TASK: "fn-1-greet.1",
  EPIC: "fn-1",
  ABOUT: "docs/idea.md",
  FEATURE: "rate limiting per API key",
  "fn-3": "fn-1",
  STAGE: "prescreen",
  PATH: ".",
  FILE: "report.html",
  N: "7",
  X: "claude_max",
};

/** Exit codes that each subcommand has for what happened; the others have 0 only. 2 is wrong use, everywhere. */
const exitCodes: Readonly<Record<string, readonly number[]>> = {
  review: [0, 1, 3],
  doctor: [0, 1],
  plan: [0, 1],
  work: [0, 1, 3],
  scout: [0, 3],
};

/** Commands that are not run and name nothing of ours that could be looked up: by how they begin, and why. */
const exceptions: readonly (readonly [begins: string, why: string])[] = [
  ["claude", "Claude Code; registered and driven like this by test/e2e/claude.mjs"],
  ["codex mcp add", "Codex; registered and driven like this by test/e2e/codex.mjs"],
  ["export ANTHROPIC_", "Claude Code's own; tried by test/e2e/local-endpoint.mjs"],
  ["export CLAUDE_CODE_", "Claude Code's own; tried by test/e2e/local-endpoint.mjs"],
  ["git add", "git, on what a worker did"],
  ["git commit", "git, on what a worker did"],
  ["OLLAMA_HOST=127.0.0.1:11434 ollama serve", "needs Ollama"],
  ["llama-swap -config", "needs llama-swap; the file is checked by test/llama-swap.test.ts"],
  ["ray start", "needs several machines with GPUs"],
  ["vllm serve", "needs several machines with GPUs"],
];

/** Environment variables that other programs read and no file of ours names. */
const foreignVariables: Readonly<Record<string, string>> = {
  ANTHROPIC_MODEL: "Claude Code",
  ANTHROPIC_DEFAULT_OPUS_MODEL: "Claude Code",
  ANTHROPIC_DEFAULT_SONNET_MODEL: "Claude Code",
  ANTHROPIC_DEFAULT_HAIKU_MODEL: "Claude Code",
  CLAUDE_CODE_MAX_CONTEXT_TOKENS: "Claude Code",
  PLAN_REVIEW: "flow-next's loop",
  COMPLETION_REVIEW: "flow-next's loop",
  MAX_ATTEMPTS_PER_TASK: "flow-next's loop",
  WORKER_TIMEOUT: "flow-next's loop",
  TASK_ID: "filled in by flow-next's loop",
  OPENAI_BASE_URL: "named as what is not read",
  OPENAI_ORG_ID: "named as what is not read",
};

/** Pages that speak of options of other programs and of our measurements, too. */
const pagesOfOtherPrograms = [
  "decisions",
  "local-models",
  "local-screen",
  "performance",
  "premium-sources",
  "prescreen",
];

/** Paths in running text that are no file of this repository, by page or by name. */
const foreignPaths: readonly RegExp[] = [
  /[*<…]/, // a pattern
  /:\d+$/, // a line of a measured repository
  /^\[/, // a reference in a drafted spec
  /^docs\/(?:idea|CONTRIBUTING)\.md$/,
  /^tools\/list$/, // a request of MCP
  /^src\/(?:greet|x|catalog\/search)\.ts$/,
  /^scripts\/(?:flowctl$|ralph\/)/, // of flow-next's plugin, of a project that has its loop
  /^scripts\/lint\.mjs$/, // of a user's project
  /^eval\/results\//, // made by the evaluation
];

/** What looks like a key of the configuration and is none. */
const foreignKeys: Readonly<Record<string, string>> = {
  "review.prompt": "a field of review_change's result",
};

/** Subcommands that do nothing without an argument. */
const taking = new Set(["interview", "plan", "task", "work", "scout"]);

type Fate =
  | { kind: "sluice"; args: string[]; options: string[] }
  | { kind: "script"; args: string[] }
  | { kind: "looked-up"; problems: string[] }
  | { kind: "excepted"; by: string };

const packageText = readFileSync(join(root, "package.json"), "utf8");
const names = z.record(z.string(), z.string());
const { scripts, ...dependencies } = z
  .object({ scripts: names, dependencies: names, devDependencies: names, peerDependencies: names })
  .parse(JSON.parse(packageText));

/** What becomes of a command: run, looked up, or excepted. Null: nobody knows it. */
function fateOf(text: string): Fate | null {
  const excepted = exceptions.find(([begins]) => text === begins || text.startsWith(`${begins}`));
  const own = /^(?:npx --no-install )?sluice( .*)?$|^node \S*dist\/src\/cli\/main\.js( .*)?$/.exec(text);
  if (own !== null) {
    const given = own[1] ?? own[2] ?? "";
    const options = [...given.matchAll(/\[[^\]]*\]/g)].flatMap(([part]) => part.match(/--[\w-]+/g) ?? []);
    // Of alternatives (`"FEATURE"|EPIC`) the first.
    const args = words(given.replaceAll(/\[[^\]]*\]|\\?\|\S+/g, " "));
    return { kind: "sluice", args: args.map((word) => placeholders[word] ?? word), options };
  }
  if (excepted !== undefined) return { kind: "excepted", by: excepted[0] };
  const [program = "", ...rest] = words(text.replaceAll(/[[\]]/g, " ")).filter((w) => !/^[A-Z_]+=/.test(w));
  if (program === "node" && rest[0] === "scripts/tool-budget.mjs") return { kind: "script", args: rest };
  if (program === "node") return { kind: "looked-up", problems: problemsOfScript(rest) };
  if (program === "npm") return { kind: "looked-up", problems: problemsOfNpm(rest) };
  if (program === "npx") return { kind: "looked-up", problems: problemsOfNpx(rest) };
  if (/^scripts\/.*\.sh$/.test(program))
    return { kind: "looked-up", problems: problemsOfScript([program, ...rest]) };
  return null;
}

/** A script of ours has to be there, and to know each option and word that it is given. */
function problemsOfScript([file = "", ...args]: readonly string[]): string[] {
  if (!existsSync(join(root, file))) return [`there is no ${file}`];
  const folder = dirname(join(root, file));
  const beside = readdirSync(folder).filter((name) => /\.(?:mjs|sh)$/.test(name));
  const text = beside.map((name) => readFileSync(join(folder, name), "utf8")).join("\n");
  const known = (word: string) =>
    new RegExp(
      `--${word}\\b|(?<![\\w-])["'\`]?${word}["'\`]?:|["'\`]${word}["'\`]|^ *(?:\\w+ *\\| *)*${word}(?: *\\| *\\w+)*\\)`,
      "m",
    ).test(text);
  return args.flatMap((word, index) => {
    if (word.startsWith("--")) return known(word.slice(2)) ? [] : [`${file} has no ${word}`];
    // What an option of a closed list takes, and what a script is told to do; all else is the reader's own.
    const closed = args[index - 1] === "--only" || file.endsWith(".sh");
    return closed && !known(word) ? [`${file} has no ${word}`] : [];
  });
}

function problemsOfNpm([verb = "", ...args]: readonly string[]): string[] {
  if (verb === "run") return args[0] !== undefined && args[0] in scripts ? [] : [`no npm script ${args[0]}`];
  if (verb === "test") return "test" in scripts ? [] : ["no npm script test"];
  if (verb === "ci") {
    const folder = args[0] === "--prefix" ? (args[1] ?? "") : ".";
    return existsSync(join(root, folder, "package-lock.json")) ? [] : [`no package-lock.json in ${folder}`];
  }
  if (verb === "i" || verb === "install") return args.flatMap(problemsOfPackage);
  return [`npm ${verb} is not known to this test`];
}

/** `name@1`: among our dependencies, in that version. */
function problemsOfPackage(wanted: string): string[] {
  const [, name = "", version = ""] = /^(@?[^@]+)(?:@(.+))?$/.exec(wanted) ?? [];
  const ours = Object.values(dependencies).flatMap((some) => some[name] ?? []);
  return ours.some((range) => range.replace(/^[~^]/, "").startsWith(version))
    ? []
    : [`${wanted} is not ours`];
}

function problemsOfNpx([program = "", ...args]: readonly string[]): string[] {
  if (program !== "vitest") return problemsOfPackage(program);
  const [verb, ...files] = args;
  const missing = files.filter((file) => !file.startsWith("-") && !existsSync(join(root, file)));
  return [...(verb === "run" ? [] : [`vitest ${verb}`]), ...missing.map((file) => `there is no ${file}`)];
}

let scratch: { repository: TestRepository; env: Record<string, string> } | undefined;
afterAll(() => scratch?.repository.remove());

/** A repository with a spec, a file and an idea as the documents take them; no model, no source, no other program. */
function scratchRepository() {
  if (scratch !== undefined) return scratch;
  const repository = plannedRepository();
  repository.write({
    "docs/idea.md": "# Webhooks\n\nRetry failed webhooks. Owners get an email after 5 attempts.\n",
    "src/catalog/search.ts": 'export const search = (words: string[]) => words.join(" ");\n',
  });
  repository.commit("second");
  repository.write({ "src/main.ts": "console.log(process.argv[2] ?? 'nobody');\n" });
  const home = join(dirname(repository.path), "home");
  const bin = join(home, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "node"));
  const git = (process.env.PATH ?? "").split(":").find((folder) => existsSync(join(folder, "git")));
  symlinkSync(join(git ?? "", "git"), join(bin, "git"));
  // Nothing listens there: as on a machine without a local model, whatever this one has.
  const nowhere = "http://127.0.0.1:1";
  const env = { PATH: bin, HOME: home, LOCAL_ENDPOINT: nowhere, PREFILTER_ENDPOINT: nowhere };
  scratch = { repository, env };
  return scratch;
}

function runNode(args: readonly string[], cwd: string, env: Record<string, string>): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...args],
      { cwd, env, timeout: 120_000, maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : null;
        resolve({ code, stdout, stderr });
      },
    );
    child.stdin?.end();
  });
}

const ended = new Map<string, Promise<Ended>>();

/** `sluice …` in the scratch repository; the same words are run once. */
function sluice(args: readonly string[]): Promise<Ended> {
  const key = JSON.stringify(args);
  const { repository, env } = scratchRepository();
  const running = ended.get(key) ?? runNode([serverProgram, ...args], repository.path, env);
  ended.set(key, running);
  return running;
}

/** What is wrong with how a command went: nothing, or one line. */
function problemOf(args: readonly string[], { code, stdout, stderr }: Ended): string | null {
  const allowed = exitCodes[args[0] ?? ""] ?? [0];
  const said = `${stdout}\n${stderr}`.trim().slice(-600);
  if (code === null || !allowed.includes(code)) return `exit code ${code}: ${said}`;
  if (said.includes("This is a bug")) return said;
  if (args.includes("--json") && !isJson(stdout)) return `no JSON: ${stdout.slice(0, 200)}`;
  return said === "" && args[0] !== "serve" ? "it says nothing" : null;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

let asked: Promise<Map<string, Set<string>>> | undefined;

/** The options of every subcommand, its own subcommands' included, as its help lists them. */
function subcommands(): Promise<Map<string, Set<string>>> {
  asked ??= askHelp();
  return asked;
}

async function askHelp(): Promise<Map<string, Set<string>>> {
  const { repository, env } = scratchRepository();
  const module = (path: string) => JSON.stringify(pathToFileURL(join(root, "dist/src", path)).href);
  const script = `
    import { runCommandLine } from ${module("cli/command-line.js")};
    import { createSluice } from ${module("sluice.js")};
    for (const args of JSON.parse(process.argv[1])) await runCommandLine([...args, "--help"], createSluice());`;
  const ask = async (args: readonly string[][]) => {
    const given = ["--input-type=module", "-e", script, JSON.stringify(args)];
    const { code, stdout } = await runNode(given, repository.path, env);
    expect(code).toBe(0);
    return stdout.split(/^(?=Usage: )/m);
  };
  const listed = (help = "") =>
    [...(help.split("Commands:\n")[1] ?? "").matchAll(/^ {2}([a-z]+)/gm)].flatMap(([, name]) => name ?? []);
  const [top] = await ask([[]]);
  const names = listed(top).filter((name) => name !== "help");
  const pages = await ask(names.map((name) => [name]));
  const below = names.flatMap((name, index) => listed(pages[index]).map((inner) => [name, inner]));
  const inner = below.length === 0 ? [] : await ask(below);
  return new Map(
    names.map((name, index) => {
      const texts = [pages[index], ...inner.filter((_, at) => below[at]?.[0] === name)];
      return [name, new Set(texts.join("\n").match(/--[\w-]+/g) ?? [])];
    }),
  );
}

describe("commands in the documents", () => {
  it("are all known: run, looked up, or excepted for a reason", () => {
    const unknown = commands.filter(({ text }) => fateOf(text) === null);
    expect(unknown.map(({ place, text }) => `${place} ${text}`)).toEqual([]);
    const used = new Set(
      commands.map(({ text }) => fateOf(text)).map((fate) => fate?.kind === "excepted" && fate.by),
    );
    expect(exceptions.map(([begins]) => begins).filter((begins) => !used.has(begins))).toEqual([]);
  });

  it("are found in every way that a page gives them", () => {
    const page = [
      "Run `sluice",
      "status --json`, not `sluice/`.",
      "```sh",
      "npm ci && npm run nothing   # both",
      "sluice review \\",
      "  --until gates",
      "```",
      "```",
      'sluice plan "a # b"',
      "```",
    ];
    expect(commandsOf(readDocument("page.md", page.join("\n"))).map(({ text }) => text)).toEqual([
      "npm ci",
      "npm run nothing",
      "sluice review --until gates",
      'sluice plan "a # b"',
      "sluice status --json",
    ]);
    expect(fateOf("npm run nothing")).toEqual({ kind: "looked-up", problems: ["no npm script nothing"] });
    expect(fateOf("node bench/quota.mjs --no-such-thing")).toMatchObject({
      problems: [expect.stringContaining("--no-such-thing")],
    });
    expect(fateOf("make coffee")).toBeNull();
  });

  it("that call sluice do what they say, without a model, a source or a terminal", {
    timeout: 480_000,
  }, async () => {
    const blocks = new Map<string, DocumentedCommand[]>();
    for (const one of commands) blocks.set(one.block, [...(blocks.get(one.block) ?? []), one]);
    const wrong: string[] = [];
    const waiting = [...blocks.values()];
    const work = async () => {
      for (let block = waiting.shift(); block !== undefined; block = waiting.shift()) {
        for (const { place, text } of block) {
          const fate = fateOf(text);
          if (fate?.kind !== "sluice") continue;
          // In running text `sluice work` is a name, too.
          const named = block.length === 1 && fate.args.length === 1 && taking.has(fate.args[0] ?? "");
          const args = named ? [...fate.args, "--help"] : fate.args;
          const problem = problemOf(args, await sluice(args));
          if (problem !== null) wrong.push(`${place} ${text}: ${problem}`);
          const known = (await subcommands()).get(fate.args[0] ?? "");
          for (const option of fate.options) {
            if (known?.has(option) === false) wrong.push(`${place} ${text}: there is no ${option}`);
          }
        }
      }
    };
    await Promise.all([work(), work()]);
    expect(wrong).toEqual([]);
  });

  it("that call a quick script of ours succeed", async () => {
    const fates = new Set(
      commands.flatMap(({ text }) => {
        const fate = fateOf(text);
        return fate?.kind === "script" ? [fate.args.join(" ")] : [];
      }),
    );
    expect([...fates]).toEqual(["scripts/tool-budget.mjs"]);
    for (const args of fates) {
      expect(await runNode(args.split(" "), root, { PATH: process.env.PATH ?? "" })).toMatchObject({
        code: 0,
      });
    }
  });

  it("that are not run name scripts, files, options and packages that are there", () => {
    const wrong = commands.flatMap(({ place, text }) => {
      const fate = fateOf(text);
      return fate?.kind === "looked-up" ? fate.problems.map((problem) => `${place} ${text}: ${problem}`) : [];
    });
    expect(wrong).toEqual([]);
  });
});

describe("what the documents name", () => {
  it("is every subcommand and every tool", async () => {
    const all = documents.filter(({ name }) => name !== "docs/tools.md");
    const text = all.map((document) => document.text).join("\n");
    const commandNames = [...(await subcommands()).keys()].filter(
      (name) => !new RegExp(`\\bsluice ${name}\\b`).test(text),
    );
    const toolNames = tools.map(({ name }) => name).filter((name) => !text.includes(`\`${name}\``));
    expect([...commandNames, ...toolNames]).toEqual([]);
  });

  it("has options that there are", async () => {
    const known = new Set([...(await subcommands()).values()].flatMap((options) => [...options]));
    const own = documents.filter(
      ({ name }) => !pagesOfOtherPrograms.includes(name.replace(/^docs\/|\.md$/g, "")),
    );
    const wrong = own.flatMap(({ name, spans }) =>
      spans
        .filter(({ text }) => /^--[\w-]+/.test(text))
        .flatMap(({ line, text }) => (text.match(/--[\w-]+/g) ?? []).map((option) => ({ line, option })))
        .filter(({ option }) => !known.has(option))
        .map(({ line, option }) => `${name}:${line} ${option}`),
    );
    // Options of clients, named on the README's registration.
    expect(wrong.filter((one) => !/--(?:cli|allowedTools)$/.test(one))).toEqual([]);
  });

  it("leads somewhere: links and their anchors", () => {
    const wrong = documents.flatMap((document) =>
      linksOf(document).flatMap(({ line, target }) => {
        if (/^https?:/.test(target)) return [];
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? document.name : join(dirname(document.name), path);
        if (!existsSync(join(root, file))) return [`${document.name}:${line} ${target}`];
        if (anchor === undefined) return [];
        const page = readDocument(file, readFileSync(join(root, file), "utf8"));
        return anchorsOf(page).has(anchor) ? [] : [`${document.name}:${line} ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("is there: pages that a text or the program refers to", () => {
    const texts = [
      ...documents.map(({ name, prose }) => ({ name, text: prose })),
      ...filesIn(["src", "tools", "prompts", "plugin", "scripts"]),
    ];
    const wrong = texts.flatMap(({ name, text }) =>
      [...text.matchAll(/(?<![\w/])docs\/[\w-]+\.md/g)]
        .map(([page]) => page)
        .filter((page) => !foreignPaths.some((one) => one.test(page)) && !existsSync(join(root, page)))
        .map((page) => `${name}: ${page}`),
    );
    expect(wrong).toEqual([]);
  });

  it("is there: files and folders of this repository", () => {
    const ours = /^(?:src|test|tools|prompts|scripts|bench|eval|schema|plugin|\.claude-plugin)\//;
    const wrong = documents.flatMap(({ name, spans }) =>
      spans
        .filter(({ text }) => ours.test(text) && !text.includes(" "))
        .filter(({ text }) => !foreignPaths.some((one) => one.test(text)) && !existsSync(join(root, text)))
        .map(({ line, text }) => `${name}:${line} ${text}`),
    );
    // These two pages name files by the end of their path, too.
    const all = filesIn(["src", "tools", "test", "scripts"]).map((file) => `/${file.name}`);
    const house = documents.filter(({ name }) => /architecture|contributing/.test(name));
    const short = house.flatMap(({ name, spans }) =>
      spans
        .filter(
          ({ text }) => /^[\w/-]+\.(?:ts|mjs)$/.test(text) && !all.some((file) => file.endsWith(`/${text}`)),
        )
        .map(({ line, text }) => `${name}:${line} ${text}`),
    );
    expect([...wrong, ...short]).toEqual([]);
  });

  it("has the picture of the house as it is", () => {
    const [picture] = documents.find(({ name }) => name === "docs/architecture.md")?.blocks ?? [];
    const rooms = (picture?.lines ?? []).flatMap((line) => /^(\S+\/)\s/.exec(line)?.[1] ?? []);
    expect(rooms.filter((room) => !existsSync(join(root, room)))).toEqual([]);
    const folders = readdirSync(join(root, "src")).filter((one) =>
      statSync(join(root, "src", one)).isDirectory(),
    );
    expect(folders.map((one) => `src/${one}/`).filter((one) => !rooms.includes(one))).toEqual([]);
  });

  it("has environment variables that something reads, and all that configure", () => {
    const code = filesIn(["src", "scripts", "test/e2e"]).map(({ text }) => text);
    const text = [...code, readFileSync(join(root, "llama-swap.yaml"), "utf8")].join("\n");
    const wrong = documents.flatMap(({ name, text: page }) =>
      (page.match(/(?<![\w-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w-])/g) ?? [])
        .filter((variable) => !(variable in foreignVariables) && !new RegExp(`\\b${variable}\\b`).test(text))
        .map((variable) => `${name}: ${variable}`),
    );
    const configuration = documents.find(({ name }) => name === "docs/configuration.md")?.text ?? "";
    const silent = environmentVariables
      .map(({ name }) => name)
      .filter((name) => !configuration.includes(`\`${name}\``));
    expect([...wrong, ...silent]).toEqual([]);
  });

  it("has keys of the configuration that there are", () => {
    const keys = configurationKeys(JSON.parse(configurationJsonSchema())).map(([path]) => path);
    const sections = new Set(keys.map(([first]) => first));
    const known = (wanted: readonly string[]) =>
      keys.some((key) =>
        wanted.every((part, at) => at >= key.length || part.startsWith("<") || part === key[at]),
      );
    const inText = documents.flatMap(({ name, spans }) =>
      spans.flatMap(({ line, text }) => {
        const [, key] = /^([a-z_]+(?:\.(?:[a-z0-9_]+|<\w+>))+)(?:: \S+)?$/.exec(text) ?? [];
        const path = key?.split(".") ?? [];
        if (!sections.has(path[0] ?? "") || known(path) || text in foreignKeys) return [];
        return [`${name}:${line} ${text}`];
      }),
    );
    const inBlocks = documents.flatMap(({ name, blocks }) =>
      blocks
        .filter(({ language }) => language === "json")
        .flatMap(({ line, lines }) => {
          const value: unknown = JSON.parse(lines.join("\n"));
          const paths = pathsOf(value).filter(([first]) => sections.has(first ?? ""));
          return paths.filter((path) => !known(path)).map((path) => `${name}:${line} ${path.join(".")}`);
        }),
    );
    expect([...inText, ...inBlocks]).toEqual([]);
  });

  it("has whole tables", () => {
    const cells = (row: string) => row.replaceAll(/\\\||`[^`]*`/g, "").split("|").length;
    const wrong = documents.flatMap(({ name, prose }) => {
      const lines = prose.split("\n");
      return lines.flatMap((line, index) => {
        let head = index;
        while (lines[head - 1]?.startsWith("|")) head -= 1;
        return line.startsWith("|") && cells(line) !== cells(lines[head] ?? "")
          ? [`${name}:${index + 1} ${line}`]
          : [];
      });
    });
    expect(wrong).toEqual([]);
  });

  it("has every key that only one's own configuration may set", () => {
    const configuration = documents.find(({ name }) => name === "docs/configuration.md")?.text ?? "";
    const keys = configurationKeys(JSON.parse(configurationJsonSchema())).map(([path]) => path);
    const own = keys.filter((path) => whoMaySet(path) === "you").map((path) => path.join("."));
    expect(own.length).toBeGreaterThan(5);
    expect(own.filter((key) => !configuration.includes(`\`${key}\``))).toEqual([]);
  });

  it("parses: JSON, TOML and YAML to be copied", () => {
    for (const { name, blocks } of documents) {
      for (const { language, line, lines } of blocks) {
        const text = lines.join("\n");
        const parse = parsers[language];
        if (parse !== undefined) expect(() => parse(text), `${name}:${line}`).not.toThrow();
      }
    }
  });
});

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  json: (text) => JSON.parse(text),
  toml: (text) => parseToml(text),
  yaml: (text) => parseYaml(text),
};

function pathsOf(value: unknown): string[][] {
  const object = z.record(z.string(), z.unknown()).safeParse(value);
  if (!object.success) return [[]];
  return Object.entries(object.data).flatMap(([key, inner]) => pathsOf(inner).map((path) => [key, ...path]));
}

/** Text files of some folders, without what was installed there. */
function filesIn(folders: readonly string[]): { name: string; text: string }[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:ts|mjs|sh|md|json|yaml)$/.test(name) && !name.includes("node_modules"))
      .map((name) => ({ name: `${folder}/${name}`, text: readFileSync(join(root, folder, name), "utf8") })),
  );
}
