import * as z from "zod";
import { breathe } from "../breathe.js";
import { type BothSides, type Engine, evidenceOf } from "../engine.js";
import { textsOf } from "../texts.js";
import { answersOf } from "../warm/answers.js";
import { isForShow } from "./for-show.js";

const answer = z.array(
  z.object({
    code: z.string(),
    what: z.string(),
    severity: z.enum(["certain", "likely"]),
    line: z.number(),
    /** The source line without any secret of the file. */
    masked: z.string(),
    hash: z.string(),
  }),
);

/** Hard-coded secrets: secretlint's recommended rules and our own for what they leave out. */
export const secrets: Engine = {
  name: "secrets",
  languages: "text",
  handles: () => true,
  timeout: 30_000,
  lane: "light",
  async analyse(input) {
    const texts = await textsOf(input.files, input.workspace);
    const questions = [...texts.values()].map(({ key, path, text }) => ({ key, path, text }));
    const found: BothSides = { base: [], head: [] };
    for (const [key, secretsOfFile] of await answersOf(
      "secrets/secrets-process",
      questions,
      texts,
      answer,
      input,
    )) {
      const file = texts.get(key);
      if (!file) continue;
      for (const one of secretsOfFile) {
        await breathe(input.signal);
        found[file.side].push({
          code: one.code,
          class: "secret",
          severity: isForShow(file.path) ? "hint" : one.severity,
          message: `Hard-coded ${one.what}. Take it from the environment or a secret store; if it was ever real, revoke it.`,
          path: file.path,
          line: one.line,
          evidence: evidenceOf(one.masked),
          subject: one.hash,
        });
      }
    }
    return found;
  },
};
