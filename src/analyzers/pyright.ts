import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import * as z from "zod";
import { runProcess } from "../process.js";
import { type BothSides, type Engine, type EngineInput, pathOn, sides } from "./engine.js";
import { isPython } from "./files.js";
import { failure } from "./own-process.js";
import { judgePyright } from "./pyright-filter.js";
import { importRoots, pythonImporters, pythonVersion } from "./python-project.js";

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
 * pyright over both trees in one run, each an execution environment of its own. It would run the `python` on PATH and
 * read the repository's configuration: its PATH has nothing, and the configuration is ours.
 */
export const pyright: Engine = {
  name: "pyright",
  languages: "Python",
  handles: isPython,
  timeout: 90_000,
  async analyse(input) {
    const { workspace, signal } = input;
    const folders = {
      head: await workspace.folder("head", "python"),
      base: await workspace.folder("base", "python"),
    };
    const top = dirname(folders.head);
    const targets = await targetsOf(input);
    const found: BothSides = { base: [], head: [] };
    if (targets.length === 0) return found;
    const configuration = join(top, "sluice-pyright.json");
    await writeFile(configuration, JSON.stringify(await settings(input, targets)));
    const result = await runProcess(
      process.execPath,
      ["--max-old-space-size=3072", executable(), "-p", configuration, "--outputjson"],
      { cwd: top, env: await workspace.environment(), timeout: this.timeout, signal },
    );
    if (result.stopped !== null || (result.code !== 0 && result.code !== 1)) throw failure("pyright", result);
    for (const one of output.parse(JSON.parse(result.stdout.toString("utf8"))).generalDiagnostics) {
      const [side, ...rest] = relative(top, one.file).split(sep);
      if (side !== "base" && side !== "head") continue;
      const path = rest.join("/");
      const { line, character: column } = one.range?.start ?? { line: 0, character: 0 };
      const { message, rule } = one;
      const diagnostic = await judgePyright({ side, path, message, rule, line: line + 1, column }, workspace);
      if (diagnostic) found[side].push(diagnostic);
    }
    return found;
  },
};

function executable(): string {
  return join(dirname(createRequire(import.meta.url).resolve("pyright/package.json")), "index.js");
}

async function targetsOf(input: EngineInput): Promise<string[]> {
  const { files, workspace } = input;
  const written = {
    base: new Set(await workspace.sources("base", "python")),
    head: new Set(await workspace.sources("head", "python")),
  };
  const targets = files.flatMap((file) =>
    sides.flatMap((side) => {
      const path = pathOn(file, side);
      return path !== null && written[side].has(path) ? [`${side}/${path}`] : [];
    }),
  );
  const shrunk = files.flatMap(({ change, base }) =>
    base !== null && change !== null && (change.status !== "modified" || change.deleted !== 0) ? [base] : [],
  );
  const known = new Set(files.flatMap((file) => [file.base ?? "", file.head ?? ""]));
  const importers = await pythonImporters(workspace, shrunk, known);
  if (importers.paths.length > 0) input.note(`${importers.paths.length} unchanged importers checked too`);
  if (importers.cut) input.note("more importers than that were not checked");
  return [...targets, ...importers.paths.flatMap((path) => sides.map((side) => `${side}/${path}`))];
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
];

async function settings({ workspace }: EngineInput, targets: readonly string[]): Promise<object> {
  const environments = [];
  for (const side of sides) {
    const roots = (await importRoots(workspace, side)).filter((root) => root !== "");
    environments.push({ root: side, extraPaths: roots.map((root) => `${side}/${root}`) });
  }
  return {
    include: targets.map(literal),
    exclude: [],
    typeCheckingMode: "off",
    useLibraryCodeForTypes: false,
    pythonVersion: await pythonVersion(workspace),
    pythonPlatform: "All",
    executionEnvironments: environments,
    ...Object.fromEntries(rules.map((rule) => [rule, "error"])),
  };
}

/** pyright's `include` takes `*` and `?` as wildcards, and has no way to quote them. */
function literal(path: string): string {
  return path.replace(/[*?]/g, "?");
}
