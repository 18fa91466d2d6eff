import * as z from "zod";
import type { Side } from "../change/types.js";
import {
  type BothSides,
  type Diagnostic,
  type Engine,
  type EngineInput,
  evidenceOf,
  pathOn,
  sides,
} from "./engine.js";
import { hasScript } from "./files.js";
import { callWorker } from "./workers.js";

const diagnostic = z.object({
  code: z.string(),
  class: z.string(),
  severity: z.enum(["certain", "likely", "hint"]),
  message: z.string(),
  path: z.string(),
  line: z.number(),
  subject: z.string().optional(),
  regressionIn: z.string().optional(),
});
const answer = z.object({
  base: z.array(diagnostic),
  head: z.array(diagnostic),
  importers: z.number(),
  notes: z.array(z.string()),
});

/** The TypeScript compiler over both trees, without node_modules: types, imports, null, returns, arguments. */
export const typescript: Engine = {
  name: "typescript",
  languages: "TypeScript or JavaScript",
  handles: hasScript,
  timeout: 90_000,
  async analyse(input) {
    const { workspace, files, signal } = input;
    const head = await workspace.folder("head", "ecmascript");
    const base = await workspace.folder("base", "ecmascript");
    const result = await callWorker(
      "typescript",
      "typescript-process",
      {
        base: { folder: base, paths: await workspace.sources("base", "ecmascript") },
        head: { folder: head, paths: await workspace.sources("head", "ecmascript") },
        files: files.map((file) => ({ base: file.base, head: file.head })),
        affected: { base: affected(input, "base"), head: affected(input, "head") },
      },
      answer,
      { signal, temporary: input.sluice.env.TMPDIR },
    );
    for (const note of result.notes) input.note(note);
    if (result.importers > 0) input.note(`${result.importers} unchanged importers checked too`);
    const found: BothSides = { base: [], head: [] };
    for (const side of sides) {
      for (const one of result[side]) found[side].push(await complete(one, side, input));
    }
    return found;
  },
};

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
  const lines = ((await workspace.text(side, one.path)) ?? "").split(/\r?\n/);
  return { ...one, evidence: evidenceOf(lines[one.line - 1]) };
}
