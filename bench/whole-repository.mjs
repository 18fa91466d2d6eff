// The yardsticks: what a project would run over the whole of itself.
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const installed = (name, file) => join(dirname(require.resolve(`${name}/package.json`)), file);

/** Runs a script of Node's; what it says goes to a file, because a pipe loses the end of what tsc says. */
function timed(name, args, { cwd, env = { PATH: process.env.PATH }, codes }) {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const said = openSync(join(folder, "said"), "w");
  try {
    const started = performance.now();
    const { status, error } = spawnSync(process.execPath, args, {
      cwd,
      env,
      stdio: ["ignore", said, said],
      timeout: 1_800_000,
    });
    const ms = performance.now() - started;
    if (error) throw error;
    const output = readFileSync(join(folder, "said"), "utf8");
    if (!codes.includes(status)) throw new Error(`${name} ended with ${status}: ${output.slice(-500)}`);
    return { ms, output };
  } finally {
    closeSync(said);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `tsc --noEmit` and then `oxlint`; gives ms. Throws when tsc checked nothing. */
export function typescriptWhole(folder, project) {
  const { ms, output } = timed(
    "tsc",
    // Types named by the configuration are not installed: asking for them would end tsc before it checks anything.
    [
      "--max-old-space-size=6144",
      installed("typescript", "lib/tsc.js"),
      "-p",
      project,
      "--noEmit",
      "--types",
      "null",
      "--ignoreDeprecations",
      "6.0",
      // Nothing kept of an earlier run: each is the whole.
      "--composite",
      "false",
      "--incremental",
      "false",
      "--declaration",
      "false",
      "--diagnostics",
    ],
    { cwd: folder, codes: [0, 1, 2] },
  );
  const checking = Number(/Check time:\s+([\d.]+)s/.exec(output)?.[1] ?? 0);
  if (!(checking > 0.2)) throw new Error(`tsc -p ${project} checked nothing: ${output.slice(-300)}`);
  return ms + timed("oxlint", [installed("oxlint", "bin/oxlint")], { cwd: folder, codes: [0, 1] }).ms;
}

/** `pyright` as the project configures it, and then ruff with its default rules over every file; gives ms. */
export function pythonWhole(folder) {
  // No python is found, as in the pre-screen: nothing installed is looked into on either side.
  const { ms } = timed("pyright", ["--max-old-space-size=6144", installed("pyright", "index.js")], {
    cwd: folder,
    env: { PATH: dirname(process.execPath) },
    codes: [0, 1],
  });
  return ms + timed("ruff", [join(here, "ruff-whole.mjs")], { cwd: folder, codes: [0] }).ms;
}

/** The configuration to give to tsc: the named one, or the repository's own. Null when it has none with files in it. */
export function projectOf(folder, named) {
  const name = named ?? "tsconfig.json";
  const file = join(folder, name);
  if (!existsSync(file)) return null;
  return named === undefined && /"files":\s*\[\s*\]/.test(readFileSync(file, "utf8")) ? null : name;
}
