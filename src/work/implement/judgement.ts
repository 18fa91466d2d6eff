import type { Finding } from "../../analyzers/compare.js";
import { engines } from "../../analyzers/index.js";
import { analyse } from "../../analyzers/run.js";
import { changeBetween } from "../../change/change.js";
import { isTestPath, testsOf } from "../../change/imports.js";
import { type ObjectStore, openObjectStore } from "../../change/object-store.js";
import type { Change, TreeEnd } from "../../change/types.js";
import { treeWith } from "../../change/written-tree.js";
import type { Sluice } from "../../sluice.js";
import { type Checker, type CheckResult, counts } from "./checks.js";
import type { Draft } from "./draft.js";

/** What a draft is worth, by everything but the model's word. */
export interface Judgement {
  /** Tree id; the same for the same draft. */
  tree: string;
  change: Change;
  /** Of the pre-screen, without hints. */
  findings: Finding[];
  /** Engines that did not finish. */
  unfinished: string[];
  checks: CheckResult[];
  /** Test files that cover what was changed. */
  tests: string[];
}

export interface Judge {
  readonly checker: Checker;
  judge(draft: Draft, left: () => number, onProgress: (message: string) => void): Promise<Judgement>;
}

/**
 * Judges drafts of one tree by the embedded pre-screen, then by the project's own checks; those are not run on what
 * does not even parse or names what is not there.
 */
export async function openJudge(
  base: Change,
  sluice: Sluice,
  checker: Checker,
  options: { task: string | null; signal: AbortSignal },
): Promise<Judge> {
  const { signal } = options;
  const store: ObjectStore = await openObjectStore(base.repository, signal);
  return {
    checker,
    async judge(draft, left, onProgress) {
      const files = draft.files();
      const tree = await treeWith(store, base.head.tree, files, signal);
      const head: TreeEnd = { tree, commit: null, label: "the proposal" };
      const change = await changeBetween(store, { base: base.head, head }, { task: options.task, signal });
      onProgress("pre-screen");
      const analysis = await analyse(change, sluice, { signal, engines });
      const findings = analysis.findings.filter(({ severity }) => severity !== "hint");
      const unfinished = analysis.engines
        .filter(({ state }) => state === "failed" || state === "timeout")
        .map(({ name }) => name);
      const touched = change.files.filter(({ newId }) => newId !== null).map(({ path }) => path);
      const covering = await testsOf(change, touched, { signal });
      const tests = [
        ...new Set([...touched.filter((path) => isTestPath(path)), ...[...covering.values()].flat()]),
      ].sort();
      // What is certain to be broken needs no minutes of building.
      const broken = findings.some(({ severity }) => severity === "certain");
      const checks = broken ? [] : await checker.run(files, tests, left, (message) => onProgress(message));
      return { tree, change, findings, unfinished, checks, tests };
    },
  };
}

/** How many things stand against a draft. */
export function against({ findings, checks }: Judgement): number {
  return findings.length + 3 * checks.filter(counts).length;
}

/** What stands against a draft, in the order in which it is to be mended; the same text for the same problems. */
export function problemsOf({ findings, checks }: Judgement): string[] {
  return [
    ...findings
      .slice(0, 20)
      .map(
        ({ file, line, class: kind, message }) =>
          `pre-screen: ${file}${line === null ? "" : `:${line}`} (${kind}) ${message}`,
      ),
    ...checks.filter(counts).map(({ name, command, reason, output }) => {
      const printed = output === "" ? "" : `\n${output}`;
      return `${name} (\`${command}\`) ${reason ?? "failed"}${printed}`;
    }),
  ];
}
