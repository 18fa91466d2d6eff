import type { Finding } from "../../analyzers/compare.js";
import type { Asking } from "../../local/asking.js";
import { foundAnswer, refutedAnswer } from "./answers.js";
import type { Callers } from "./callers.js";
import { type CheckedClaim, checkClaims, type Doubt } from "./check.js";
import { callersText, halves, type Part, partText, reportedText } from "./show.js";
import type { Unit } from "./units.js";

/** Tokens. Well above need: twelve findings of two sentences each. */
const findTokens = 3_000;
const refuteTokens = 2_500;

export interface Examination {
  claims: CheckedClaim[];
  /** False when a part was not answered for: then nothing is kept of it. */
  whole: boolean;
}

export interface Around {
  units: readonly Unit[];
  callers: Callers;
  found: readonly Finding[];
  doubt(why: Doubt): void;
}

/** What a model finds in some parts of a file and could not refute itself. */
export async function examine(asking: Asking, parts: readonly Part[], around: Around): Promise<Examination> {
  const claims: CheckedClaim[] = [];
  let whole = true;
  const open = [...parts];
  for (let part = open.shift(); part !== undefined; part = open.shift()) {
    const data =
      partText(part) +
      callersText(part, around.units, around.callers) +
      reportedText(around.found, part.unit.file.path);
    const reply = await asking.ask({
      prompt: "prescreen-find",
      schema: foundAnswer,
      data,
      maxTokens: findTokens,
    });
    if (reply.state === "too large") {
      const smaller = halves(part);
      if (smaller === null) whole = false;
      else open.unshift(...smaller);
      continue;
    }
    if (reply.state === "none") {
      whole = false;
      continue;
    }
    const checked = checkClaims(reply.value.findings, part.unit, around.found, around.doubt);
    const survivors = await refute(asking, part, checked, around);
    if (survivors === null) whole = false;
    else claims.push(...survivors);
  }
  // Two parts may say the same of the line between them.
  const byLine = new Map(claims.map((claim) => [claim.line, claim]));
  return { claims: [...byLine.values()].sort((a, b) => a.line - b.line), whole };
}

/**
 * Has the model look again, with the task of refuting each claim. What it refutes, or says nothing of, is dropped.
 * Null when there is no answer: what nobody tried to refute is not given out either.
 */
async function refute(
  asking: Asking,
  part: Part,
  claims: readonly CheckedClaim[],
  { units, callers, doubt }: Around,
): Promise<CheckedClaim[] | null> {
  if (claims.length === 0) return [];
  const listed = claims.map(({ line, message }, index) => {
    const quote = part.unit.lines[line - 1]?.trim() ?? "";
    return `${index + 1}. line ${line}, \`${quote}\`: ${message}`;
  });
  const reply = await asking.ask({
    prompt: "prescreen-refute",
    schema: refutedAnswer,
    data: `${partText(part)}${callersText(part, units, callers)}\n\n== Claims\n${listed.join("\n")}`,
    maxTokens: refuteTokens,
    temperature: 0,
  });
  if (reply.state !== "answered") {
    for (const _ of claims) doubt("no second look");
    return null;
  }
  return claims.flatMap((claim, index) => {
    const said = reply.value.claims.filter((one) => one.claim === index + 1);
    const stands = said.length > 0 && said.every((one) => one.stands);
    if (!stands) {
      doubt("refuted");
      return [];
    }
    const confidence = Math.min(claim.confidence, ...said.map((one) => one.confidence / 100));
    return [{ ...claim, confidence }];
  });
}
