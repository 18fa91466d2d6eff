// What a pre-screen costs, against what a project runs over the whole of itself: `tsc --noEmit` and `oxlint`, or
// `pyright` and `ruff`. The pre-screen is the server's own tool, asked as a client asks it, of a change in a clone.
//
//   npm run build && node bench/prescreen.mjs --typescript PATH --python PATH [--large-typescript PATH …]
import { existsSync, realpathSync } from "node:fs";
import { cpus } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { measurePairs, table } from "./measure.mjs";
import { cloneOf, edit, filesToEdit } from "./prescreen-change.mjs";
import { startServer } from "./prescreen-server.mjs";
import { projectOf, pythonWhole, typescriptWhole } from "./whole-repository.mjs";

const limits = { warm: 0.5, cold: 1.2, large: 2.4, memory: 1.5 };

const usage = `node bench/prescreen.mjs [options]

  --typescript PATH        a clone of honojs/hono, or another repository of TypeScript (default: $SLUICE_BENCH_TYPESCRIPT)
  --python PATH            a clone of pallets/flask, or another repository of Python (default: $SLUICE_BENCH_PYTHON)
  --large-typescript PATH  one with 1,000 files of TypeScript or more, as typeorm/typeorm ($SLUICE_BENCH_LARGE_TYPESCRIPT)
  --large-python PATH      one with 1,000 files of Python or more, as ansible/ansible ($SLUICE_BENCH_LARGE_PYTHON)
  --project FILE           the configuration for tsc in --typescript, when its tsconfig.json only names others
                           (default: tsconfig.spec.json where there is one, as in hono)
  --large-project FILE     the same for --large-typescript
  --only A,B               of warm, cold, large, memory (default: all)
  --rounds N               pairs for warm (default 7); cold takes half as many, large one
  --root DIR               a built checkout of Sluice (default: this one)
  --json                   the figures as JSON

The repositories are only read: everything happens in clones, where no dependencies are installed, for both sides.
The exit code is 1 when a median is above its limit, and 2 when nothing could be measured.`;

const text = (fallback) => ({ type: "string", default: fallback });
const { values: options } = parseArgs({
  options: {
    typescript: text(process.env.SLUICE_BENCH_TYPESCRIPT),
    python: text(process.env.SLUICE_BENCH_PYTHON),
    "large-typescript": text(process.env.SLUICE_BENCH_LARGE_TYPESCRIPT),
    "large-python": text(process.env.SLUICE_BENCH_LARGE_PYTHON),
    project: { type: "string" },
    "large-project": { type: "string" },
    only: text("warm,cold,large,memory"),
    rounds: text("7"),
    root: text(join(dirname(fileURLToPath(import.meta.url)), "..")),
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const root = resolve(options.root);
const rounds = Math.max(1, Number(options.rounds) || 7);
const wanted = new Set(options.only.split(","));
const results = [];

/** Engines that did not come to their end: a measurement of half the work is none. */
function unfinished(answer) {
  return (answer.engines ?? [])
    .filter(({ state }) => state !== "ok" && state !== "skipped")
    .map(({ name, state, note }) => `${name} ${state}${note ? ` (${note})` : ""}`);
}

/** Wraps a pre-screen so that its time is given and what did not finish, or was found in a change without mistakes, is kept. */
function timer(remarks) {
  return async (server) => {
    const started = performance.now();
    const answer = await server.prescreen();
    const ms = performance.now() - started;
    for (const one of unfinished(answer)) remarks.add(`did not finish: ${one}`);
    if (answer.verdict !== "clean")
      remarks.add(`the change has no mistake, and something was found: ${answer.findings[0]?.message}`);
    return ms;
  };
}

function keep(result) {
  const within =
    result.within && ![...(result.remarks ?? [])].some((one) => one.startsWith("did not finish"));
  results.push({ ...result, remarks: [...(result.remarks ?? [])], within });
  if (!within) process.exitCode = 1;
  if (options.json) return;
  console.log(result.print);
  for (const one of result.remarks ?? []) console.log(`  ! ${one}`);
}

function skip(what, why) {
  results.push({ what, skipped: why });
  if (!options.json) console.log(`${what}: skipped, ${why}`);
}

/** A change of `count` files in a fresh clone of a repository; null, with the reason told, when it can't be had. */
function openCase(language, source, count, project, what) {
  const option = `${count > 100 ? "large-" : ""}${language}`;
  if (!source) return skip(what, `no repository: give --${option} PATH`);
  if (!existsSync(source)) return skip(what, `${source} is not there`);
  const clone = cloneOf(realpathSync(source));
  const files = filesToEdit(clone, language, count);
  const config =
    language === "typescript"
      ? (projectOf(clone.folder, project) ?? (project ? null : projectOf(clone.folder, "tsconfig.spec.json")))
      : "";
  if (files === null || config === null) {
    clone.remove();
    return skip(
      what,
      files === null
        ? `fewer than ${count} files of ${language}`
        : "no tsconfig for the whole: give --project",
    );
  }
  let number = 0;
  return {
    clone,
    name: `${nameOf(source)} at ${clone.commit.slice(0, 12)}`,
    editAll() {
      number += 1;
      for (const path of files) edit(clone, path, language, number);
    },
    editOne() {
      number += 1;
      edit(clone, files[number % files.length], language, number);
    },
    yardstick:
      language === "typescript"
        ? { name: `tsc --noEmit -p ${config}, oxlint`, run: () => typescriptWhole(clone.folder, config) }
        : { name: "pyright, ruff", run: () => pythonWhole(clone.folder) },
  };
}

function nameOf(source) {
  const parts = resolve(source)
    .split("/")
    .filter((part) => part !== "repo" && part !== ".git");
  return basename(parts.join("/"));
}

async function pairs(what, opened, limit, ours, remarks, more = {}) {
  const { yardstick } = opened;
  const measured = await measurePairs({ ours, yardstick, limit, rounds, ...more });
  const title = `${what}, ${opened.name}`;
  keep({
    what: title,
    yardstick_is: yardstick.name,
    ...measured,
    remarks,
    print: table(title, { ours, yardstick }, measured),
  });
}

async function warm(language, opened) {
  const server = await startServer(root, opened.clone.folder);
  try {
    for (const [what, again] of [
      ["one more edit", opened.editOne],
      ["all ten edited again", opened.editAll],
    ]) {
      const remarks = new Set();
      const timed = timer(remarks);
      opened.editAll();
      await timed(server);
      const ours = {
        name: "pre-screen, warm",
        run() {
          again();
          return timed(server);
        },
      };
      await pairs(`warm, 10 files of ${language}, ${what}`, opened, limits.warm, ours, remarks);
    }
  } finally {
    await server.stop();
  }
}

async function cold(language, opened) {
  const remarks = new Set();
  const timed = timer(remarks);
  opened.editAll();
  const ours = {
    name: "pre-screen, new server",
    async run() {
      const started = performance.now();
      const server = await startServer(root, opened.clone.folder);
      try {
        await timed(server);
        return performance.now() - started;
      } finally {
        await server.stop();
      }
    },
  };
  await pairs(`cold, 10 files of ${language}`, opened, limits.cold, ours, remarks, {
    rounds: Math.ceil(rounds / 2),
  });
}

async function large(language, opened) {
  const remarks = new Set();
  const timed = timer(remarks);
  opened.editAll();
  const ours = {
    name: "pre-screen, new server",
    async run() {
      const server = await startServer(root, opened.clone.folder);
      try {
        return await timed(server);
      } finally {
        await server.stop();
      }
    },
  };
  await pairs(`1,000 files of ${language}`, opened, limits.large, ours, remarks, {
    rounds: 1,
    warmUp: false,
  });
}

async function memory(language, opened) {
  const what = `memory after 20 pre-screens of 10 files of ${language}, ${opened.name}`;
  const remarks = new Set();
  const timed = timer(remarks);
  const server = await startServer(root, opened.clone.folder);
  try {
    const before = server.memory();
    if (before === null) return skip(what, "no /proc here to read memory from");
    for (let round = 0; round < 20; round += 1) {
      if (round === 0) opened.editAll();
      else opened.editOne();
      await timed(server);
    }
    const after = server.memory();
    const ratio = after.server / before.server;
    const mb = (bytes) => `${Math.round(bytes / 2 ** 20)} MB`;
    keep({
      what,
      before: before.server,
      after: after.server,
      peak: after.peak,
      ratio: { median: ratio },
      limit: limits.memory,
      within: ratio <= limits.memory,
      remarks,
      print: [
        what,
        `  server: ${mb(before.server)} before, ${mb(after.server)} after, ${mb(after.peak.server)} at its peak`,
        `  all processes it started, together: ${mb(after.peak.children)} at their peak`,
        `  ratio ${ratio.toFixed(2)}: ${ratio <= limits.memory ? "within" : "ABOVE"} the limit of ${limits.memory} x`,
      ].join("\n"),
    });
  } finally {
    await server.stop();
  }
}

const measures = { warm, cold, memory, large };

async function main() {
  if (options.help) return console.log(usage);
  const unknown = [...wanted].find((name) => !(name in measures));
  if (unknown !== undefined)
    throw new Error(`--only takes ${Object.keys(measures).join(", ")}, not ${unknown}`);
  if (!existsSync(join(root, "dist/src/cli/main.js"))) throw new Error(`${root} is not built: npm run build`);
  for (const [name, measure] of Object.entries(measures)) {
    if (!wanted.has(name)) continue;
    for (const language of ["typescript", "python"]) {
      const isLarge = name === "large";
      const source = options[isLarge ? `large-${language}` : language];
      const project = options[isLarge ? "large-project" : "project"];
      const opened = openCase(language, source, isLarge ? 1_000 : 10, project, `${name}, ${language}`);
      if (!opened) continue;
      try {
        await measure(language, opened);
      } finally {
        opened.clone.remove();
      }
    }
  }
  const measured = results.filter(({ skipped }) => skipped === undefined);
  if (options.json)
    console.log(
      JSON.stringify(
        {
          node: process.versions.node,
          cpus: cpus().length,
          dependencies: "not installed, for both sides",
          results: results.map(({ print, ...one }) => one),
        },
        null,
        2,
      ),
    );
  if (measured.length === 0) process.exitCode = 2;
}

main().catch((error) => {
  console.error(`bench/prescreen: ${error.message}`);
  process.exitCode = 2;
});
