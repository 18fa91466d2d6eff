// What the pre-screen catches of mistakes that are planted in a repository's own changes, and what it says of those
// changes as they are. Nothing is written to the repository: all happens in a clone in a temporary folder.
//
//   npm run build && node eval/prescreen/run.mjs --repo PATH
import { writeFileSync } from "node:fs";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { commitOf, examineAfresh, loadEngine, versionsOf } from "./engine.mjs";
import { logicClasses } from "./logic.mjs";
import { openModel } from "./model.mjs";
import { modelMarkdown, summariseModel } from "./model-report.mjs";
import { plan } from "./plan.mjs";
import { progressBar } from "./progress.mjs";
import { openRecords } from "./records.mjs";
import { markdown, summarise } from "./report.mjs";
import { checkOut, nameOf, readSource, recentCommits, scratchClone, writeSource } from "./repository.mjs";
import { applied, classes } from "./site.mjs";

const usage = `node eval/prescreen/run.mjs --repo PATH [options]

  --repo PATH       any git repository; it is only read
  --classes A,B     of ${Object.keys(classes).join(", ")} (default: all)
  --n N             mistakes of each class (default 50)
  --seed TEXT       another seed, other mistakes (default 1)
  --commits N       newest commits that mistakes are made in, each also analysed as it is (default 300)
  --tests           make mistakes in test files too
  --timeout SECONDS for one analysis (default 240)
  --out DIR         for results (default eval/results/<name of the repository>)
  --with-model      ask the local model too, and make mistakes of logic as well:
                    ${Object.keys(logicClasses).join(", ")}
  --endpoint URL    of the local model (default: as configured)
  --model NAME      of the local model (default: as configured)
  --resume          go on with the results that are there
  --root DIR        a built checkout of Sluice (default: this one)`;

const here = dirname(fileURLToPath(import.meta.url));

function readOptions() {
  const text = (fallback) => ({ type: "string", default: fallback });
  const { values } = parseArgs({
    options: {
      repo: { type: "string" },
      classes: { type: "string" },
      "with-model": { type: "boolean", default: false },
      endpoint: { type: "string" },
      model: { type: "string" },
      n: text("50"),
      seed: text("1"),
      commits: text("300"),
      tests: { type: "boolean", default: false },
      timeout: text("240"),
      out: { type: "string" },
      resume: { type: "boolean", default: false },
      root: text(join(here, "../..")),
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  if (!values.repo) throw new Error(`--repo is needed\n\n${usage}`);
  const known = Object.keys({ ...classes, ...(values["with-model"] ? logicClasses : {}) });
  const wanted = values.classes?.split(",").map((name) => name.trim()) ?? known;
  const wrong = wanted.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new Error(`no class ${wrong}: give some of ${known.join(", ")}`);
  const count = (name) => {
    if (!/^[1-9]\d{0,5}$/.test(values[name]))
      throw new Error(`--${name} takes a whole number above 0, not ${values[name]}`);
    return Number(values[name]);
  };
  return {
    ...values,
    wanted,
    n: count("n"),
    commits: count("commits"),
    timeout: count("timeout") * 1_000,
    root: resolve(values.root),
    out: resolve(values.out ?? join(here, "../results", nameOf(values.repo))),
  };
}

async function main() {
  const options = readOptions();
  if (options === null) return console.log(usage);
  const { examine, names, files, stop: stopEngines } = await loadEngine(options.root);
  const isAnalysed = (path) => files.isEcmaScript(path) || files.isPython(path);
  const isSource = (path) =>
    isAnalysed(path) &&
    !/\.d\.[cm]?ts$|\.pyi$|\.min\.|(^|\/)(node_modules|dist|vendor|third_party)\//.test(path) &&
    !files.isFixture(path) &&
    (options.tests || !files.isTest(path));
  const model = options["with-model"] ? await openModel(options.root, options) : null;
  const look = async (ends) => {
    const seen = await examine(clone, ends, options.timeout);
    return model === null ? seen : { ...seen, model: await model.examine(clone, ends, seen) };
  };
  const clone = scratchClone(options.repo);
  const bar = progressBar();
  let report = () => {};
  const stop = () => {
    bar.end();
    stopEngines();
    report();
    clone.remove();
    console.error("stopped; the same command with --resume goes on");
    process.exit(130);
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  try {
    const { wanted, n, seed, timeout } = options;
    const head = {
      name: nameOf(options.repo),
      head: clone.git("rev-parse", "HEAD").trim(),
      classes: wanted,
      n,
      seed,
      commits: options.commits,
      tests: options.tests,
      timeout_s: timeout / 1_000,
      versions: versionsOf(options.root),
      ...(model === null ? {} : { with_model: model.head }),
    };
    const records = openRecords(options.out, head, options.resume);
    const commits = recentCommits(clone, options.commits, isAnalysed);
    if (commits.length === 0)
      throw new Error("no commit of this repository touches TypeScript, JavaScript or Python");

    const pool = new Set(commits.map(({ commit }) => commit));
    report = () => {
      const made = records.all("mutant");
      const asTheyAre = records.all("commit").filter(({ id }) => pool.has(id));
      const planned = records.get("plan", "plan")?.mutants.length ?? null;
      const complete = made.length === planned && asTheyAre.length === commits.length;
      const summary = summarise(
        { ...head, commit: commitOf(options.root), complete },
        made,
        asTheyAre,
        names,
      );
      if (model !== null) summary.model = summariseModel(head, made, asTheyAre);
      const text = markdown(summary, names) + (model === null ? "" : modelMarkdown(summary.model));
      writeFileSync(join(options.out, "report.json"), `${JSON.stringify(summary, null, 2)}\n`);
      writeFileSync(join(options.out, "report.md"), text);
      return text;
    };

    const asItIs = async ({ commit, parent }) => {
      const known = records.get("commit", commit);
      if (known) return known;
      const ends = { base: parent, head: commit };
      const seen = await look(ends);
      const said = ({ findings }) => findings.map(({ class: name, file, line }) => `${name} ${file}:${line}`);
      const again = seen.findings.length > 0 ? said(examineAfresh(options.root, clone, ends, timeout)) : [];
      const only_warm = said(seen).filter((one) => !again.includes(one));
      return records.add({ kind: "commit", id: commit, parent, ...seen, only_warm });
    };
    const mutants =
      records.get("plan", "plan")?.mutants ??
      records.add({
        kind: "plan",
        id: "plan",
        mutants: await plan({
          clone,
          commits,
          wanted,
          n,
          seed,
          isSource,
          isEcmaScript: files.isEcmaScript,
          isPython: files.isPython,
          isClean: async (one) => {
            const { state, findings } = await asItIs(one);
            return state === "ok" && findings.length === 0;
          },
          onProgress: (done, total, lacking) =>
            bar.show(`commits searched for places (${lacking})`, done, total),
        }),
      }).mutants;

    for (const [done, mutant] of mutants.entries()) {
      bar.show(mutant.id, done, mutants.length);
      if (records.get("mutant", mutant.id)) continue;
      checkOut(clone, mutant);
      writeSource(clone, mutant.file, applied(readSource(clone, mutant.file), mutant.edits));
      const seen = await look({ base: "HEAD", head: "WORKTREE" });
      records.add({ kind: "mutant", ...mutant, ...judged(mutant, seen) });
    }
    for (const [done, one] of commits.entries()) {
      bar.show("commits as they are", done, commits.length);
      await asItIs(one);
    }
    bar.end();
    console.log(report());
    console.error(`written to ${options.out}`);
  } finally {
    clone.remove();
    await model?.close();
  }
}

/** A mistake counts as caught when anything certain or likely is said; the commit alone has nothing of the kind. */
function judged(mutant, seen) {
  const right = classes[mutant.class] ?? logicClasses[mutant.class];
  return {
    language: languageOf(mutant.file),
    ...seen,
    caught: seen.findings.length > 0,
    class_matches: seen.findings.some((one) => right.includes(one.class)),
    caught_by: [...new Set(seen.findings.flatMap(({ sources }) => sources))],
  };
}

function languageOf(path) {
  const extension = extname(path).toLowerCase();
  if (/^\.[cm]?ts$/.test(extension)) return "TypeScript";
  if (extension === ".tsx") return "TSX";
  return extension === ".py" ? "Python" : "JavaScript";
}

main().catch((error) => {
  console.error(`prescreen evaluation: ${error.message}`);
  process.exitCode = 2;
});
