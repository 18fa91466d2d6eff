import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import type { Side } from "../../change/types.js";
import { decode, isPython } from "../files.js";
import type { SearchLook } from "./look.js";
import { usedAsGlobals } from "./name-from-elsewhere.js";
import { adviceOn } from "./suggest.js";

/** The other end of `names.ts`: searches in a stranger's texts, which can take as long as a stranger wants. */

const places = z.object({
  folders: z.record(z.string(), z.string()),
  sources: z.record(z.string(), z.array(z.string())),
});
const named = z.object({
  file: z.string(),
  class: z.string(),
  subject: z.string(),
  message: z.string(),
  evidence: z.string(),
});
const request = z.discriminatedUnion("kind", [
  places.extend({
    kind: z.literal("given"),
    family: z.enum(["python", "ecmascript"]),
    names: z.array(z.string()),
    touched: z.array(z.string()),
  }),
  places.extend({
    kind: z.literal("advice"),
    findings: z.array(named),
    paths: z.array(z.string()),
    oldPaths: z.array(z.tuple([z.string(), z.string()])),
  }),
]);

/** See `names.ts`. */
export async function analyse(asked: unknown): Promise<unknown> {
  const question = request.parse(asked);
  switch (question.kind) {
    case "given": {
      const { names, family, touched } = question;
      return [...(await usedAsGlobals(new Set(names), family, new Set(touched), lookIn(question)))];
    }
    case "advice": {
      const { findings, paths, oldPaths } = question;
      return adviceOn(findings, lookIn(question, paths, oldPaths));
    }
  }
}

function lookIn(
  { folders, sources }: z.infer<typeof places>,
  paths: readonly string[] = [],
  oldPaths: readonly [string, string][] = [],
): SearchLook {
  const all = new Set(paths);
  const before = new Map(oldPaths);
  const source = async (side: Side, family: string, path: string) => {
    const folder = folders[`${side}/${family}`];
    return folder === undefined ? null : readFile(join(folder, path)).then(decode, () => null);
  };
  return {
    oldPath: (path) => before.get(path) ?? path,
    workspace: {
      paths: async () => all,
      sources: async (side, family) => sources[`${side}/${family}`] ?? [],
      source,
      text: (side, path) => source(side, isPython(path) ? "python" : "ecmascript", path),
    },
  };
}
