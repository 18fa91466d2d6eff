import type { Asking } from "../../local/asking.js";
import { triageAnswer } from "./answers.js";
import type { Kept } from "./kept.js";
import { type Part, partsOf, partText } from "./show.js";
import type { Block, Unit } from "./units.js";

/** Tokens. */
const answerTokens = 1_500;

export interface Triage {
  /** What the better model is to see of each file; files without any are left out. */
  chosen: { unit: Unit; blocks: Block[] }[];
  asked: number;
  fromCache: number;
  /** Blocks that were left out. */
  leftOut: number;
}

/**
 * Has a small model say which parts of each file deserve the larger one. Files of `always` do; so does every part that
 * it says nothing of, and everything when it fails.
 */
export async function triage(
  asking: Asking,
  kept: Kept,
  units: readonly Unit[],
  always: ReadonlySet<string>,
): Promise<Triage> {
  const result: Triage = { chosen: [], asked: 0, fromCache: 0, leftOut: 0 };
  for (const unit of units) {
    const looks = always.has(unit.file.path) ? null : await looksOf(asking, kept, unit, result);
    const blocks = unit.blocks.filter((_, index) => looks?.[index] !== false);
    result.leftOut += unit.blocks.length - blocks.length;
    if (blocks.length > 0) result.chosen.push({ unit, blocks });
  }
  return result;
}

async function looksOf(asking: Asking, kept: Kept, unit: Unit, result: Triage): Promise<boolean[] | null> {
  const known = await kept.looks(unit);
  if (known !== null && known.length === unit.blocks.length) {
    result.fromCache += 1;
    return known;
  }
  if (asking.ended !== null) return null;
  result.asked += 1;
  const looks: boolean[] = [];
  let whole = true;
  for (const part of partsOf(unit)) {
    const own = await askPart(asking, part);
    whole &&= own !== null;
    looks.push(...part.blocks.map((_, index) => own?.[index] ?? true));
  }
  if (whole) await kept.keepLooks(unit, looks);
  return looks;
}

async function askPart(asking: Asking, part: Part): Promise<boolean[] | null> {
  const reply = await asking.ask({
    prompt: "prescreen-triage",
    schema: triageAnswer,
    data: partText(part, "Part"),
    maxTokens: answerTokens,
    temperature: 0,
  });
  if (reply.state !== "answered") return null;
  return part.blocks.map((_, index) => {
    const said = reply.value.parts.filter((one) => one.part === index + 1);
    return said.length === 0 || said.some(({ look }) => look);
  });
}
