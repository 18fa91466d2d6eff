// The analysis under study, as the pre-screen runs it, from a built checkout.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * Analyses a change in a new process. What engines that stayed warm say of a change must be what new ones say; an alarm
 * is looked at again, so that one that comes from an earlier change is told from one that comes from this.
 */
export function examineAfresh(root, { folder, env }, ends, timeout) {
  const script = fileURLToPath(new URL("./examine-once.mjs", import.meta.url));
  const said = execFileSync(process.execPath, [script, root, String(timeout)], {
    input: JSON.stringify({ clone: { folder, env }, ends }),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: timeout + 60_000,
    stdio: ["pipe", "pipe", "ignore"],
  });
  return JSON.parse(said);
}

export async function loadEngine(root) {
  const load = (name) => import(pathToFileURL(join(root, "dist/src", name)).href);
  const [
    { createSluice },
    { openChange },
    { analyse },
    { engines },
    { compare },
    files,
    { killAllProcesses },
  ] = await Promise.all(
    [
      "sluice.js",
      "change/change.js",
      "analyzers/run.js",
      "analyzers/index.js",
      "analyzers/compare.js",
      "analyzers/files.js",
      "process.js",
    ].map(load),
  );

  /** Analyses a change of a clone; never throws for what the analysis does. */
  async function examine(clone, ends, timeout) {
    const started = performance.now();
    const sluice = createSluice({ cwd: clone.folder, env: clone.env, log: () => {} });
    const signal = AbortSignal.timeout(timeout);
    const own = new Map();
    // What each engine says by itself, before two that say the same become one finding.
    const heard = (change) =>
      engines.map((engine) => ({
        ...engine,
        async analyse(input) {
          const both = await engine.analyse.call(engine, input);
          const { findings } = await compare(change, engine.name, both);
          own.set(engine.name, findings.filter(isMistake).map(placeOf));
          return both;
        },
      }));
    const took = () => Math.round(performance.now() - started);
    try {
      const change = await openChange(sluice, ends, { signal });
      const { findings, engines: reports } = await analyse(change, sluice, {
        signal,
        engines: heard(change),
      });
      return {
        state: reports.every(({ state }) => state === "ok" || state === "skipped") ? "ok" : "partial",
        ms: took(),
        engines: reports.map(({ name, state, note }) => ({ name, state, note })),
        findings: findings.filter(isMistake).map((one) => ({
          ...short(one),
          sources: one.source.split(", ").filter((name) => own.get(name)?.includes(placeOf(one))),
        })),
        hints: findings.filter((one) => !isMistake(one)).map(short),
      };
    } catch (error) {
      const state = signal.aborted ? "timeout" : "failed";
      return {
        state,
        ms: took(),
        engines: [],
        findings: [],
        hints: [],
        error: String(error?.message ?? error).slice(0, 300),
      };
    }
  }
  return { examine, names: engines.map(({ name }) => name), files, stop: killAllProcesses };
}

function isMistake({ severity }) {
  return severity === "certain" || severity === "likely";
}

function placeOf({ file, line }) {
  return `${file}:${line}`;
}

function short({ class: name, severity, file, line, message, evidence, source }) {
  return {
    class: name,
    severity,
    file,
    line,
    message: message.slice(0, 300),
    evidence: evidence.slice(0, 200),
    source,
  };
}

/** What was measured: versions of the engines, and a hash of our own analysis code. */
export function versionsOf(root) {
  const version = (name) =>
    JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
  const hash = createHash("sha256");
  for (const folder of ["analyzers", "change"]) {
    const names = readdirSync(join(root, "dist/src", folder), { recursive: true }).filter((name) =>
      name.endsWith(".js"),
    );
    for (const name of names.sort())
      hash.update(name).update(readFileSync(join(root, "dist/src", folder, name)));
  }
  return {
    sluice: JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version,
    analysis: hash.digest("hex").slice(0, 12),
    node: process.versions.node,
    typescript: version("typescript"),
    oxlint: version("oxlint"),
    pyright: version("pyright"),
    ruff: version("@astral-sh/ruff-wasm-nodejs"),
    secretlint: version("@secretlint/core"),
  };
}

/** The commit of the checkout, for a reader; the hash of the analysis is what tells results apart. */
export function commitOf(root) {
  try {
    return execFileSync("git", ["rev-parse", "HEAD"], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return null;
  }
}
