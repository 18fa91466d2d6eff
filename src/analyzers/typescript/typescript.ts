import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import * as z from "zod";
import type { Change, Side } from "../../change/types.js";
import { breathe } from "../breathe.js";
import {
  type BothSides,
  type Diagnostic,
  type Engine,
  type EngineInput,
  evidenceOf,
  pathOn,
  sides,
} from "../engine.js";
import { hasScript } from "../files.js";
import { linesOf } from "../last-text.js";
import { callWorker } from "../warm/workers.js";
import type { InstalledRequest } from "./installed.js";
import { agreedLocks } from "./locks.js";

const diagnostic = z.object({
  code: z.string(),
  class: z.string(),
  severity: z.enum(["certain", "likely", "hint"]),
  message: z.string(),
  path: z.string(),
  line: z.number(),
  subject: z.string().optional(),
});
const answer = z.object({
  base: z.array(diagnostic),
  head: z.array(diagnostic),
  importers: z.number(),
  late: z.number(),
  notes: z.array(z.string()),
});

/** The TypeScript compiler over both trees, with what is installed: types, imports, null, returns, arguments. */
export const typescript: Engine = {
  name: "typescript",
  languages: "TypeScript or JavaScript",
  handles: hasScript,
  timeout: 90_000,
  async analyse(input) {
    const { signal } = input;
    const result = await callWorker(
      "typescript",
      "typescript/typescript-process",
      await request(input),
      answer,
      {
        signal,
        temporary: input.sluice.env.TMPDIR,
      },
    );
    for (const note of result.notes) input.note(note);
    if (result.late > 0) input.late(`no time for ${result.late} files`);
    if (result.importers > 0) input.note(`${result.importers} unchanged importers checked too`);
    const found: BothSides = { base: [], head: [] };
    for (const side of sides) {
      for (const one of result[side]) {
        await breathe(signal);
        found[side].push(await complete(one, side, input));
      }
    }
    return found;
  },
};

/** Part of its time that the process may take, with some left for what comes before and after. */
const budget = 5 / 6;

/** What the process is asked. */
export async function request(input: EngineInput) {
  return {
    head: await sideOf(input, "head"),
    base: await sideOf(input, "base"),
    installed: await installedFor(input.change),
    budget: Math.round(input.limit * budget),
    files: input.files.map((file) => ({ base: file.base, head: file.head })),
    affected: { base: affected(input, "base"), head: affected(input, "head") },
  };
}

async function sideOf({ workspace, change }: EngineInput, side: Side) {
  const workspaceFiles: Record<string, string> = {};
  for (const { path } of await change.objects.tree(side)) {
    if (posix.basename(path) !== "pnpm-workspace.yaml") continue;
    const text = await workspace.text(side, path);
    if (text !== null) workspaceFiles[path] = text;
  }
  return {
    folder: await workspace.folder(side, "ecmascript"),
    ids: Object.fromEntries(await workspace.listing(side, "ecmascript")),
    workspaceFiles,
  };
}

/** Where dependencies are installed: in the work tree that the change is of, or else in the main one. */
async function installedFor(change: Change): Promise<InstalledRequest | null> {
  const { bare, root, mainRoot } = change.repository;
  if (bare) return null;
  const tops = mainRoot === null || mainRoot === root ? [root] : [root, mainRoot];
  const top = tops.find((one) => existsSync(join(one, "node_modules"))) ?? root;
  return { top, locks: await agreedLocks(change) };
}

/** Files whose importers may break: what was only added to, breaks nobody. */
function affected({ files }: EngineInput, side: Side): string[] {
  return files.flatMap((file) => {
    const path = pathOn(file, side);
    const shrank = file.change !== null && (file.change.status !== "modified" || file.change.deleted !== 0);
    return path !== null && shrank && file.change?.status !== "added" ? [path] : [];
  });
}

async function complete(
  one: z.infer<typeof diagnostic>,
  side: Side,
  { workspace }: EngineInput,
): Promise<Diagnostic> {
  const lines = linesOf((await workspace.text(side, one.path)) ?? "");
  return { ...one, evidence: evidenceOf(lines[one.line - 1]) };
}
