import { mkdir, realpath, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import { openChange, staleness } from "../../change/change.js";
import type { Change } from "../../change/types.js";
import type { ToolSettings } from "../../config/schema.js";
import { runProcess } from "../../process.js";
import { breathe } from "../breathe.js";
import {
  type BothSides,
  type Diagnostic,
  type Engine,
  type EngineInput,
  evidenceOf,
  NotRun,
} from "../engine.js";
import { isFixture } from "../files.js";
import { linesOf } from "../last-text.js";
import { type SideText, textsOf } from "../texts.js";
import type { Said } from "./output.js";
import { findProgram, toolEnvironment } from "./programs.js";
import { type Tool, tools } from "./table.js";

/** Files given to one call of a program: a command line has an end. */
const filesAtOnce = 200;
/** Folders with a project of their own that are looked at. */
const mostProjects = 5;

/**
 * Engines for the programs that the user (or a trusted repository) asks for: they may run the project's own code.
 *
 * @param forbidden why they must not, when they must not
 */
export function toolEngines(settings: readonly ToolSettings[], forbidden?: string | undefined): Engine[] {
  const seen = new Set<string>();
  return settings
    .filter(({ name }) => !seen.has(name) && seen.add(name))
    .map((one) => toolEngine(one, tools[one.name]))
    .map((engine) => (forbidden === undefined ? engine : { ...engine, analyse: refuse(forbidden) }));
}

function refuse(why: string): Engine["analyse"] {
  return async () => {
    throw new NotRun(why);
  };
}

function toolEngine({ name, command, timeout_s }: ToolSettings, tool: Tool): Engine {
  return {
    name,
    languages: tool.languages,
    handles: (path) => tool.handles(path) && !isFixture(path),
    timeout: timeout_s * 1_000,
    fixedTimeout: true,
    async analyse(input) {
      const { sluice, change } = input;
      const program = command ?? (await findProgram(tool.program, sluice.env.PATH, change.repository.root));
      if (program === null) throw new NotRun(`there is no program '${tool.program}' on PATH`);
      const call = { ...input, tool, program, name, timeout: timeout_s * 1_000 };
      return tool.scope === "file" ? onCopies(call) : inWorkTree(call);
    },
  };
}

interface Call extends EngineInput {
  tool: Tool;
  program: string;
  name: string;
  timeout: number;
}

/** Both sides as copies in a folder of ours. */
async function onCopies(call: Call): Promise<BothSides> {
  const { files, workspace, name } = call;
  const texts = [...(await textsOf(files, workspace)).values()];
  const top = await workspace.scratch(`tool-${name}`);
  const found: BothSides = { base: [], head: [] };
  for (const side of ["base", "head"] as const) {
    const folder = join(top, side);
    const mine = new Map(texts.filter((one) => one.side === side).map((one) => [one.path, one]));
    for (const { path, text } of mine.values()) {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    // Some programs read one file at a time only.
    const batches =
      call.tool.program === "shellcheck" ? chunks([...mine.keys()]) : [...mine.keys()].map((path) => [path]);
    for (const paths of batches) {
      for (const said of await run(call, paths, folder)) {
        await breathe(call.signal);
        const path = said.path.split(sep).join("/").replace(/^\.\//, "");
        const file = mine.get(path);
        if (file) found[side].push(diagnostic(said, file));
      }
    }
  }
  return found;
}

function diagnostic(
  { line, code, severity, message }: Said,
  { path, text }: Pick<SideText, "path" | "text">,
): Diagnostic {
  const evidence = evidenceOf(linesOf(text)[line - 1]);
  const kind = code === "compile" ? "compile-error" : "tool";
  return { code, class: kind, severity, message: message.slice(0, 500), path, line, evidence };
}

/**
 * In the work tree, when that is what is looked at. There is no run over the base: on lines that the change wrote what
 * is said counts; of the other lines of its files only what does not compile is told, as a hint.
 */
async function inWorkTree(call: Call): Promise<BothSides> {
  const { change, sluice, files, workspace, signal } = call;
  if (!(await isWorkTree(change, call))) {
    throw new NotRun("it runs in the work tree only, and that is not what is looked at");
  }
  const root = await realpath(change.repository.root);
  const there = files.flatMap(({ head }) => head ?? []);
  const paths = await workspace.paths("head");
  const projects = new Map<string, string[]>();
  for (const path of there) {
    const folder = projectOf(path, call.tool.roots, paths);
    if (folder !== null) projects.set(folder, [...(projects.get(folder) ?? []), path]);
  }
  if (projects.size === 0) throw new NotRun(`there is no ${call.tool.roots.join(" or ")} above what changed`);
  if (projects.size > mostProjects)
    call.note(`only ${mostProjects} of ${projects.size} projects were looked at`);
  const touched = new Map(files.flatMap((file) => (file.head === null ? [] : [[file.head, file] as const])));
  const found: Diagnostic[] = [];
  for (const [folder, mine] of [...projects].slice(0, mostProjects)) {
    const cwd = join(root, folder);
    for (const chunk of chunks(mine.map((path) => (folder === "" ? path : posix.relative(folder, path))))) {
      for (const said of await run(call, chunk, cwd)) {
        await breathe(signal);
        const path = relative(root, isAbsolute(said.path) ? said.path : resolve(cwd, said.path))
          .split(sep)
          .join("/");
        const file = touched.get(path);
        const text = file ? await workspace.text("head", path) : null;
        if (!file || text === null) continue;
        const isChanged = (file.change?.hunks ?? []).some(
          ({ newStart, newLines }) => said.line >= newStart && said.line < newStart + newLines,
        );
        if (!isChanged && said.severity !== "certain") continue;
        found.push(diagnostic(isChanged ? said : { ...said, severity: "hint" }, { path, text }));
      }
    }
  }
  if (await staleness(change, sluice, signal).catch(() => true)) {
    throw new NotRun("files changed while it ran: call again");
  }
  return { base: [], head: unique(found) };
}

/** The nearest folder above with one of the files; `""` for the top, null when there is none. */
function projectOf(path: string, roots: readonly string[], paths: ReadonlySet<string>): string | null {
  if (roots.length === 0) return "";
  for (let folder = posix.dirname(path); ; folder = posix.dirname(folder)) {
    const at = folder === "." ? "" : folder;
    if (roots.some((name) => paths.has(at === "" ? name : `${at}/${name}`))) return at;
    if (at === "") return null;
  }
}

async function isWorkTree(change: Change, { sluice, signal }: Call): Promise<boolean> {
  if (change.repository.bare) return false;
  if (change.headKind === "worktree") return true;
  if (change.headKind === "diff") return false;
  const options = { signal };
  const now = await openChange(
    { ...sluice, cwd: change.repository.root },
    { base: "HEAD", head: "WORKTREE" },
    options,
  ).catch(() => null);
  return now !== null && now.head.tree === change.head.tree;
}

async function run(call: Call, paths: readonly string[], cwd: string): Promise<Said[]> {
  const { tool, program, sluice, signal, timeout, workspace, name } = call;
  const scratch = await workspace.scratch(`tool-${name}-out`);
  const args = tool.args(paths).map((one) => (one === "{scratch}" ? scratch : one));
  const result = await runProcess(program, args, {
    cwd,
    env: toolEnvironment(sluice.env),
    timeout,
    signal,
    reap: true,
    maxOutput: 8 * 1024 * 1024,
  });
  signal.throwIfAborted();
  const stdout = result.stdout.toString("utf8");
  const stderr = result.stderr.toString("utf8");
  if (result.stopped === "not-found" || result.stopped === "not-started") {
    throw new NotRun(`'${program}' could not be started: ${stderr.trim().slice(0, 200)}`);
  }
  if (result.stopped !== null) throw new Error(`stopped: ${result.stopped}`);
  const said = tool.read({ stdout, stderr });
  // A program that only complains about itself has not looked.
  if (said.length === 0 && result.code !== 0 && !/^\s*[[{]/.test(stdout)) {
    const reason = (stderr || stdout).trim().split("\n").at(-1) ?? "";
    call.note(
      `ended with ${result.code === null ? "a signal" : `code ${result.code}`}: ${reason.slice(0, 200)}`,
    );
  }
  return said;
}

function chunks(paths: readonly string[]): string[][] {
  const all: string[][] = [];
  for (let at = 0; at < paths.length; at += filesAtOnce) all.push(paths.slice(at, at + filesAtOnce));
  return all;
}

function unique(found: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return found.filter((one) => {
    const key = JSON.stringify([one.path, one.line, one.code, one.message]);
    return !seen.has(key) && seen.add(key);
  });
}
