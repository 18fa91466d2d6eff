import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { root, words } from "./documents.js";

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

/** Commands that are not run and name nothing of ours that could be looked up: by how they begin, and why. */
export const exceptions: readonly (readonly [begins: string, why: string])[] = [
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

/** What a test does with a command. */
export type Fate =
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
export function fateOf(text: string): Fate | null {
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
