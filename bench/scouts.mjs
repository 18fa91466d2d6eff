// A feature scouted in a repository of 20,000 files, without a model, against what nobody can do without: one
// `git ls-files` and one `git log`. Also says how much a model would have been shown. After `npm run build`.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { countTokens } from "../dist/src/change/tokens.js";
import { openProject } from "../dist/src/flow/project.js";
import { dataOf, instructionsOf } from "../dist/src/plan/scouts/condense.js";
import { openGround } from "../dist/src/plan/scouts/ground.js";
import { runScouts } from "../dist/src/plan/scouts/run.js";
import { scouts } from "../dist/src/plan/scouts/scouts.js";
import { createSluice } from "../dist/src/sluice.js";
import { measurePairs, table } from "./measure.mjs";
import { makeRepository } from "./repositories.mjs";

const feature = "Cache what module 4711 computes, with a limit per part and an option to refresh";
const folder = makeRepository({ files: 20_000, linesPerFile: 30, editsPerFile: 1 });
try {
  const git = (...args) => spawnSync("git", args, { cwd: folder, maxBuffer: 1 << 28 });
  git("checkout", "-q", "--force", "main");
  const { signal } = new AbortController();
  const env = { PATH: process.env.PATH, HOME: folder, LOCAL_ENABLED: "0", PREMIUM_REVIEW_ENABLED: "0" };
  const sluice = createSluice({ cwd: folder, env, log: () => {} });
  const project = await openProject(sluice, undefined, signal);
  const timed = async (work) => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  const floor = {
    name: "git ls-files, git log -n 30",
    run: () =>
      timed(() => {
        git("ls-files", "--cached", "--others", "--exclude-standard");
        git("log", "-n", "30", "--name-only");
      }),
  };
  const ours = {
    name: "all scouts",
    run: () => timed(() => runScouts(project, sluice, { feature, signal })),
  };
  const ground = {
    name: "the ground they stand on",
    run: () => timed(() => openGround(sluice, project, { feature, signal })),
  };
  const rounds = Number(process.argv[2] ?? 3);
  for (const one of [ground, ours]) {
    const measured = await measurePairs({ ours: one, yardstick: floor, rounds, limit: 200 });
    console.log(table(`20,000 files: ${one.name}`, { ours: one, yardstick: floor }, measured));
    if (!measured.within) process.exitCode = 1;
  }
  const looked = await openGround(sluice, project, { feature, signal });
  for (const scout of scouts) {
    if ((await scout.off?.(looked)) ?? null) continue;
    const { facts } = await scout.gather(looked, signal);
    const tokens = await countTokens(`${await instructionsOf(scout)}\n${dataOf(looked, facts)}`);
    console.log(
      `  ${scout.name.padEnd(12)}${String(facts.length).padStart(4)} facts, ${tokens} tokens to a model`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
