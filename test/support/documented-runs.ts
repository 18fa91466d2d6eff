import { execFile } from "node:child_process";
import { existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "vitest";
import type { Ended } from "./command.js";
import { root } from "./documents.js";
import { plannedRepository } from "./planning.js";
import type { TestRepository } from "./repository.js";
import { serverProgram } from "./server.js";

/** Exit codes that each subcommand has for what happened; the others have 0 only. 2 is wrong use, everywhere. */
const exitCodes: Readonly<Record<string, readonly number[]>> = {
  review: [0, 1, 3],
  doctor: [0, 1],
  plan: [0, 1],
  work: [0, 1, 3],
  scout: [0, 3],
};

let scratch: { repository: TestRepository; env: Record<string, string> } | undefined;

/** To be called when a file's tests are done. */
export function removeScratch(): void {
  scratch?.repository.remove();
}

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

/** `node …`, with nothing of this process's environment. */
export function runNode(args: readonly string[], cwd: string, env: Record<string, string>): Promise<Ended> {
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
export function sluice(args: readonly string[]): Promise<Ended> {
  const key = JSON.stringify(args);
  const { repository, env } = scratchRepository();
  const running = ended.get(key) ?? runNode([serverProgram, ...args], repository.path, env);
  ended.set(key, running);
  return running;
}

/** What is wrong with how a command went: nothing, or one line. */
export function problemOf(args: readonly string[], { code, stdout, stderr }: Ended): string | null {
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
export function subcommands(): Promise<Map<string, Set<string>>> {
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
