import * as z from "zod";
import { SourceError } from "../errors.js";
import { type Verdict, verdicts } from "../verdicts.js";
import type { PremiumAnswer } from "./source.js";

const finding = z.strictObject({
  severity: z.enum(["P0", "P1", "P2", "P3"]),
  file: z.string().nullable(),
  line: z.number().nullable(),
  problem: z.string(),
  suggestion: z.string(),
});
export type ReviewFinding = z.output<typeof finding>;

const answerSchema = z.strictObject({
  findings: z.array(finding),
  prior: z.array(z.strictObject({ number: z.number(), status: z.enum(["fixed", "not_fixed", "withdrawn"]) })),
  summary: z.string(),
  // Last, so that it is written after what it rests on.
  verdict: z.enum(verdicts),
});

/** What a source that can enforce a schema is given. */
export const answerJsonSchema: Readonly<Record<string, unknown>> = (() => {
  const { $schema: _, ...schema } = z.toJSONSchema(answerSchema);
  return schema;
})();

export interface ReadAnswer {
  verdict: Verdict;
  findings: ReviewFinding[];
  prior: z.output<typeof answerSchema>["prior"];
  summary: string;
}

/** A premium model answered, and what it said is no verdict. It is never a pass; the text is kept. */
export class NoVerdict extends SourceError {
  readonly text: string;

  constructor(why: string, text: string) {
    super(
      `The reviewer gave no verdict: ${why}.`,
      "This counts as no review. Read what it wrote (see `text`), then call again if another premium call is worth it.",
      { kind: "no_verdict" },
    );
    this.text = text;
  }
}

/**
 * The verdict in a model's answer. Structured output counts where the source has it; else the answer is one JSON
 * object, or prose that ends with a verdict tag on a line of its own. Tags in code, in quotations and inside of
 * sentences are what the model speaks about, not its verdict.
 *
 * @param earlier how many earlier findings were numbered for it: a SHIP has to say of each that it is settled
 * @throws NoVerdict when there is none, when there are two, or when verdict and findings contradict each other
 */
export function readAnswer(answer: Pick<PremiumAnswer, "text" | "structured">, earlier = 0): ReadAnswer {
  const { text } = answer;
  const json = wholeJson(text);
  const given = answer.structured ?? json;
  if (given === null || given === undefined) return consistent(readProse(text), text, earlier);
  // Of two `verdict` keys JSON.parse takes the last one; nobody knows which one is meant.
  if (json !== null && repeatsKey(text)) throw new NoVerdict("its JSON has a key twice", text);
  const parsed = answerSchema.safeParse(given);
  if (!parsed.success) {
    throw new NoVerdict(
      `its answer does not have the form that was asked for (${z.prettifyError(parsed.error).split("\n", 1)[0] ?? ""})`,
      text,
    );
  }
  // A text beside the structured output that says something else.
  const { verdict } = parsed.data;
  const beside = z.object({ verdict: z.string() }).safeParse(json);
  const differs = beside.success && beside.data.verdict !== verdict;
  if (differs || tagsOutsideCode(text).some((tag) => tag !== verdict)) {
    throw new NoVerdict("it names two verdicts", text);
  }
  return consistent(parsed.data, text, earlier);
}

function readProse(text: string): ReadAnswer {
  const prose = withoutQuotations(text);
  const tags = tagsOutsideCode(text);
  const [first] = tags;
  if (first === undefined) {
    const quoted = /<verdict>/.test(text);
    throw new NoVerdict(
      text.trim() === ""
        ? "its answer is empty"
        : quoted
          ? "a verdict stands only in a quotation or within a sentence"
          : "its answer has none",
      text,
    );
  }
  if (tags.some((tag) => tag !== first)) throw new NoVerdict("it names two verdicts", text);
  const lines = prose.split("\n").filter((line) => line.trim() !== "");
  // The last line of all, not only of what is left without quotations.
  if (
    ownLine.exec(lines.at(-1) ?? "") === null ||
    ownLine.exec(text.trimEnd().split("\n").at(-1) ?? "") === null
  )
    throw new NoVerdict("its verdict is not the last thing it says", text);
  // A model that speaks of another verdict than it gives has to be read by a person.
  if (spokenOf(prose).some((verdict) => verdict !== first))
    throw new NoVerdict("it names two verdicts", text);
  if (first === "SHIP") refuseUnlikeShip(text);
  const summary = lines.slice(0, -1).join("\n").trim();
  const json = lastJson(text);
  const parsed = answerSchema.partial().safeParse(json);
  const { findings = [], prior = [], verdict } = parsed.success ? parsed.data : {};
  if (verdict !== undefined && verdict !== first) throw new NoVerdict("it names two verdicts", text);
  return { verdict: first, findings, prior, summary: summary.slice(0, 4_000) };
}

/**
 * JSON beside a SHIP in prose, whole or broken, in a fence or not, must not say anything else: what can't be parsed can
 * still hold a blocker.
 */
function refuseUnlikeShip(text: string): void {
  if (/"verdict"\s{0,9}:\s{0,9}"(?!SHIP")/.test(text)) throw new NoVerdict("it names two verdicts", text);
  if (/"severity"\s{0,9}:\s{0,9}"P[01]"/.test(text)) {
    throw new NoVerdict("it says SHIP and lists a blocker", text);
  }
  if (/"status"\s{0,9}:\s{0,9}"not_fixed"/.test(text)) {
    throw new NoVerdict("it says SHIP and calls an earlier finding not fixed", text);
  }
}

function consistent(answer: ReadAnswer, text: string, earlier: number): ReadAnswer {
  if (answer.verdict !== "SHIP") return answer;
  if (answer.findings.some(({ severity }) => isBlocking(severity))) {
    throw new NoVerdict("it says SHIP and lists a blocker", text);
  }
  if (answer.prior.some(({ status }) => status === "not_fixed")) {
    throw new NoVerdict("it says SHIP and calls an earlier finding not fixed", text);
  }
  const settled = new Set(answer.prior.map(({ number }) => number));
  const left = Array.from({ length: earlier }, (_, index) => index + 1).filter((one) => !settled.has(one));
  if (left.length > 0) {
    throw new NoVerdict(
      `it says SHIP and not what became of earlier finding ${left.slice(0, 10).join(", ")}`,
      text,
    );
  }
  return answer;
}

export function isBlocking(severity: ReviewFinding["severity"]): boolean {
  return severity === "P0" || severity === "P1";
}

const ownLine = /^\s*<verdict>(SHIP|NEEDS_WORK|MAJOR_RETHINK|NEEDS_HUMAN)<\/verdict>\s*$/;
const anyTag = /<verdict\b[^<>\n]{0,40}>\s{0,9}([^<\n]{0,40})/gi;

/** What verdict tags of any make name, in whatever letters; `a <verdict> tag` names none. */
function spokenOf(prose: string): string[] {
  return [...prose.matchAll(anyTag)].flatMap(([, said = ""]) => {
    const name = said.trim();
    const plain = name.toUpperCase().replace(/[\s-]+/g, "_");
    return /^[A-Z_]+$/.test(name) || verdicts.some((verdict) => verdict === plain) ? [plain] : [];
  });
}

function tagsOutsideCode(text: string): Verdict[] {
  return withoutQuotations(text)
    .split("\n")
    .flatMap((line) => {
      const said = ownLine.exec(line)?.[1];
      return verdicts.filter((verdict) => verdict === said);
    });
}

/**
 * The text without fenced and indented code, code in a line, and quoted lines. Line by line, so linear. Fences as in
 * CommonMark 0.31 §4.5, in lists as well: one opened with backticks has none in its info string, one that closes has
 * no info string.
 */
function withoutQuotations(text: string): string {
  let fenced: string | null = null;
  const kept: string[] = [];
  for (const line of text.replaceAll("\r\n", "\n").split("\n")) {
    if (fenced !== null) {
      const mark = /^\s*(`{3,}|~{3,})\s*$/.exec(line)?.[1] ?? "";
      if (mark[0] === fenced[0] && mark.length >= fenced.length) fenced = null;
      continue;
    }
    const mark = /^\s*(?:(?:[-*+]|\d{1,9}[.)])\s+){0,9}(`{3,}(?=[^`]*$)|~{3,})/.exec(line)?.[1];
    if (mark !== undefined) {
      fenced = mark;
      continue;
    }
    if (/^\s*>/.test(line) || /^(?: {4}|\t)/.test(line)) continue;
    kept.push(line.includes("`") ? withoutCode(line) : line);
  }
  return kept.join("\n");
}

/** A line without what stands in backticks; after an opened one that is not closed nothing counts. */
function withoutCode(line: string): string {
  return line
    .split("`")
    .map((piece, index) => (index % 2 === 0 ? piece : " code "))
    .join("");
}

function wholeJson(text: string): unknown {
  const trimmed = text.trim();
  const inner = /^```(?:json)?[ \t]*\n([\s\S]*)\n```$/.exec(trimmed)?.[1] ?? trimmed;
  if (!inner.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(inner);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** Whether an object of a valid JSON text names a key more than once. */
function repeatsKey(json: string): boolean {
  const open: (Set<unknown> | null)[] = [];
  for (const { 0: token, index } of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (/^\s*:/.test(json.slice(index + token.length, index + token.length + 200))) {
      const key: unknown = JSON.parse(token);
      const keys = open.at(-1);
      if (keys?.has(key)) return true;
      keys?.add(key);
    }
  }
  return false;
}

/** What stands in the last fence that holds JSON: the findings beside a verdict tag. */
function lastJson(text: string): unknown {
  const pieces = text.split("```");
  for (let index = pieces.length - 2; index > 0; index -= 1) {
    const piece = (pieces[index] ?? "").replace(/^json[ \t]*\n/, "").trim();
    if (!piece.startsWith("{")) continue;
    try {
      const value: unknown = JSON.parse(piece);
      return value;
    } catch {
      // The one before it may be it.
    }
  }
  return null;
}
