import * as z from "zod";
import { breathe } from "../breathe.js";
import { type BothSides, type Engine, evidenceOf } from "../engine.js";
import { isFixture, isTest } from "../files.js";
import { linesOf } from "../last-text.js";
import { type SideText, textsOf } from "../texts.js";
import { answersOf } from "../warm/answers.js";
import { type DataFormat, dataFormat } from "./formats.js";

const problem = z.object({
  /** `lenient`: a comment or a trailing comma, which some readers of JSON take. */
  kind: z.enum(["syntax", "lenient", "duplicate"]),
  message: z.string(),
  line: z.number(),
});
type Problem = z.infer<typeof problem>;

const names: Readonly<Record<DataFormat, string>> = {
  json: "JSON",
  jsonc: "JSON",
  yaml: "YAML",
  toml: "TOML",
};

/** JSON, YAML and TOML that can't be read, or says the same key twice. */
export const data: Engine = {
  name: "data",
  languages: "JSON, YAML or TOML",
  handles: (path) => dataFormat(path) !== null,
  timeout: 30_000,
  lane: "light",
  async analyse(input) {
    const { files, workspace } = input;
    const texts = await textsOf(files, workspace);
    const questions = [...texts.values()].map(({ key, path, text }) => ({
      key,
      format: dataFormat(path),
      text,
    }));
    const problems = await answersOf("data/data-process", questions, texts, z.array(problem), input);
    const found: BothSides = { base: [], head: [] };
    for (const file of texts.values()) {
      const before = file.side === "base" ? file.key : file.other;
      const inherited = before === null ? null : (problems.get(before) ?? []);
      for (const one of problems.get(file.key) ?? []) {
        await breathe(input.signal);
        const severity = severityOf(one, file, inherited);
        if (severity === null) continue;
        const format = dataFormat(file.path) ?? "json";
        found[file.side].push({
          code: one.kind === "duplicate" ? "duplicate-key" : "syntax",
          class: one.kind === "duplicate" ? "duplicate-key" : "syntax",
          severity,
          message:
            one.kind === "duplicate" ? one.message : `This is not valid ${names[format]}: ${one.message}`,
          path: file.path,
          line: one.line,
          evidence: evidenceOf(linesOf(file.text)[one.line - 1]),
        });
      }
    }
    return found;
  },
};

/** Read by programs that take neither comments nor trailing commas. */
const strict = /(^|\/)(package|composer|bower|manifest|vercel)\.json$|\.(webmanifest|ipynb|geojson)$/i;

function severityOf(
  { kind }: Problem,
  { side, path, text }: SideText,
  inherited: readonly Problem[] | null,
): "certain" | "likely" | "hint" | null {
  // What could not be read before is read by something more tolerant, or was never meant to be.
  if (side === "head" && inherited?.some((one) => one.kind === "syntax")) return null;
  const forShow = isFixture(path) || isTest(path);
  if (kind === "lenient") {
    if (strict.test(path) && !forShow) return "certain";
    // Nobody knows what reads a file that is new; one that was strict until now has a strict reader more often than not.
    if (inherited === null || text.trim() === "") return null;
    if (inherited.some((one) => one.kind === "lenient")) return null;
    return forShow ? "hint" : "likely";
  }
  if (forShow) return "hint";
  if (kind === "syntax") return "certain";
  // Some readers refuse a second key, others take the last one in silence: TOML's all refuse.
  return dataFormat(path) === "toml" ? "certain" : "likely";
}
