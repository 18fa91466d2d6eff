import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import * as z from "zod";
import type { Side } from "../../change/types.js";
import { runProcess } from "../../process.js";
import { breathe } from "../breathe.js";
import { type BothSides, type Diagnostic, type Engine, type EngineInput, pathOn, sides } from "../engine.js";
import { isPython } from "../files.js";
import { linesOf } from "../last-text.js";
import { failure } from "../process-failure.js";
import { type VirtualEnvironment, virtualEnvironment } from "./environment.js";
import { pythonImporters } from "./importers.js";
import { keepsOutline } from "./outline.js";
import { pythonProjects, pythonVersion } from "./project.js";
import { judgePyright } from "./pyright-filter.js";
import {
  checkWarm,
  endSession,
  type PyrightTask,
  type RawDiagnostic,
  startSession,
} from "./pyright-session.js";

const output = z.object({
  generalDiagnostics: z.array(
    z.object({
      file: z.string(),
      severity: z.string(),
      message: z.string(),
      rule: z.string().optional(),
      range: z.object({ start: z.object({ line: z.number(), character: z.number() }) }).optional(),
    }),
  ),
});

/**
 * pyright over both trees at once, each an execution environment of its own, by a server that stays warm. It would run the `python` on PATH and
 * read the repository's configuration: its PATH has nothing, and the configuration is ours.
 */
export const pyright: Engine = {
  name: "pyright",
  languages: "Python",
  handles: isPython,
  timeout: 90_000,
  async analyse(input) {
    const { workspace, signal } = input;
    const top = workspace.place("python");
    const installed = await virtualEnvironment(input);
    const configuration = await settings(input, installed);
    const common = { top, configuration, stamp: installed?.stamp ?? "" };
    workspace.onRemove(endSessionBelow);
    startSession(common);
    const floods = new Set<string>();
    const check = async (side: Side, targets: readonly string[]) => {
      const task: PyrightTask = {
        ...common,
        side,
        targets,
        listing: await workspace.listing(side, "python"),
        text: (path) => workspace.text(side, path),
        onFlood: (path) => floods.add(`${side}:${path}`),
        signal,
      };
      const found: Diagnostic[] = [];
      for (const one of await checkWarm(task).catch((error) => checkOnce(task, input, error))) {
        await breathe(signal);
        const diagnostic = await judgePyright({ ...one, line: one.line + 1 }, workspace);
        if (diagnostic) found.push(diagnostic);
      }
      return found;
    };
    const targets = await targetsOf(input);
    const found: BothSides = { base: [], head: [] };
    if (targets.length > 0) found.head = await check("head", targets);
    // What base says matters only where it may be what head says.
    const doubted = found.head.length === 0 ? [] : await counterparts(found.head, targets, input);
    if (doubted.length > 0) found.base = await check("base", doubted);
    if (floods.size === 0) return found;
    // What is not known of one side says nothing of the other.
    const flooded = input.files.filter(
      ({ base, head }) => floods.has(`base:${base}`) || floods.has(`head:${head}`),
    );
    for (const side of sides) {
      const lost = new Set(flooded.map((file) => pathOn(file, side)));
      for (const key of floods) lost.add(key.slice("base:".length));
      found[side] = found[side].filter(({ path }) => !lost.has(path));
    }
    input.note(`${flooded.length} files have more mistakes than can be told`);
    return found;
  },
};

/** Base's files that may have said what head says: of the same path, or with the very line, which may have moved. */
async function counterparts(
  said: readonly Diagnostic[],
  targets: readonly string[],
  { files, workspace, signal }: EngineInput,
): Promise<string[]> {
  const paths = new Set(said.map(({ path }) => path));
  const sought = new Set<string>();
  for (const { path, line } of said) {
    const text = await workspace.text("head", path);
    sought.add((linesOf(text ?? "")[line - 1] ?? "").trim());
  }
  const changed = new Set(files.flatMap(({ head }) => head ?? []));
  const found = targets.filter((path) => paths.has(path) && !changed.has(path));
  for (const { base, head } of files) {
    if (base === null) continue;
    await breathe(signal);
    const isSame = paths.has(base) || (head !== null && paths.has(head));
    const text = isSame ? null : await workspace.text("base", base);
    if (isSame || linesOf(text ?? "").some((line) => sought.has(line.trim()))) found.push(base);
  }
  const written = await workspace.listing("base", "python");
  return [...new Set(found)].filter((path) => written.has(path));
}

/** Of a workspace's folder that goes away. Knows nothing of any change, because it outlives them. */
function endSessionBelow(top: string): void {
  endSession(join(top, "python"));
}

/** The command line instead of a session that failed, when there is time left. */
async function checkOnce(
  { top, side, configuration, targets }: PyrightTask,
  { workspace, signal, limit }: EngineInput,
  error: unknown,
): Promise<RawDiagnostic[]> {
  if (signal.aborted) throw error;
  const file = join(top, "sluice-pyright.json");
  const include = targets.map((path) => literal(`${side}/${path}`));
  await writeFile(file, JSON.stringify({ ...configuration, include }));
  const result = await runProcess(
    process.execPath,
    ["--max-old-space-size=3072", executable(), "-p", file, "--outputjson"],
    {
      cwd: top,
      env: await workspace.environment(),
      timeout: limit,
      signal,
      maxOutput: 8 * 1024 * 1024,
    },
  );
  if (result.stopped !== null || (result.code !== 0 && result.code !== 1)) throw failure("pyright", result);
  if (result.truncated) throw new Error("pyright said more than can be read");
  const { generalDiagnostics } = output.parse(JSON.parse(result.stdout.toString("utf8")));
  return generalDiagnostics.flatMap(({ file: path, message, rule, range }) => {
    const [folder, ...rest] = relative(top, path).split(sep);
    if (folder !== side) return [];
    const { line, character: column } = range?.start ?? { line: 0, character: 0 };
    return [{ side, path: rest.join("/"), message, rule, line, column }];
  });
}

function executable(): string {
  return join(dirname(createRequire(import.meta.url).resolve("pyright/package.json")), "index.js");
}

/** Head's files to check: those that changed, and those that import what is no longer there as it was. */
async function targetsOf(input: EngineInput): Promise<string[]> {
  const { files, workspace } = input;
  const written = await workspace.listing("head", "python");
  const targets = files.flatMap(({ head }) => (head !== null && written.has(head) ? [head] : []));
  const shrunk: string[] = [];
  for (const { change, base, head } of files) {
    if (base === null || change === null) continue;
    await breathe(input.signal);
    const now = base === head ? await workspace.text("head", head) : null;
    const before = now === null ? null : await workspace.text("base", base);
    if (now === null || before === null || !keepsOutline(before, now)) shrunk.push(base);
  }
  const known = new Set(files.flatMap((file) => [file.base ?? "", file.head ?? ""]));
  const importers = await pythonImporters(workspace, shrunk, known);
  if (importers.paths.length > 0) input.note(`${importers.paths.length} unchanged importers checked too`);
  if (importers.cut) input.note("more importers than that were not checked");
  return [...targets, ...importers.paths];
}

/** Rules that tell mistakes; all others are off, so that nothing is computed for nothing. */
const rules = [
  "reportMissingImports",
  "reportUndefinedVariable",
  "reportAttributeAccessIssue",
  "reportCallIssue",
  "reportReturnType",
  "reportOptionalMemberAccess",
  "reportOptionalSubscript",
  "reportOptionalIterable",
  "reportOptionalCall",
  "reportOptionalOperand",
  "reportOptionalContextManager",
  "reportUnboundVariable",
  "reportPossiblyUnbound",
  "reportUnusedCoroutine",
  // Final names that are assigned to again.
  "reportGeneralTypeIssues",
];

async function settings({ workspace }: EngineInput, installed: VirtualEnvironment | null): Promise<object> {
  const environments = [];
  for (const side of sides) {
    const projects = await pythonProjects(workspace, side);
    const all = projects.toReversed().flatMap(({ roots }) => roots);
    // The first one whose folder a file is in counts: deepest first, each with its own packages before the others'.
    for (const { folder, roots, version } of projects) {
      const paths = [...new Set([...roots, ...all])].filter((path) => path !== folder);
      environments.push({
        root: folder === "" ? side : `${side}/${folder}`,
        extraPaths: paths.slice(0, 60).map((path) => (path === "" ? side : `${side}/${path}`)),
        ...(version === null ? {} : { pythonVersion: version }),
      });
    }
  }
  return {
    include: [...sides],
    exclude: [],
    typeCheckingMode: "off",
    useLibraryCodeForTypes: false,
    pythonVersion: await pythonVersion(workspace),
    pythonPlatform: "All",
    ...(installed ? { venvPath: installed.parent, venv: installed.name } : {}),
    executionEnvironments: environments,
    ...Object.fromEntries(rules.map((rule) => [rule, "error"])),
  };
}

/** pyright's `include` takes `*` and `?` as wildcards, and has no way to quote them. */
function literal(path: string): string {
  return path.replace(/[*?]/g, "?");
}
