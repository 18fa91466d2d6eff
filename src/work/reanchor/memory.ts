import { posix } from "node:path";
import { stem } from "../../change/relevance.js";
import { wordsOf } from "../../change/survey.js";
import type { MemoryEntry } from "../../flow/types.js";
import { plain } from "../statements.js";
import type { TaskFile } from "../task-files.js";

/** A memory entry that bears on a task. */
export interface Remembered {
  entry: MemoryEntry;
  /** Its point, in its own words. */
  text: string;
  /** What it shares with the task. */
  why: string;
}

const most = 6;
const mostGeneral = 2;
const shownLength = 260;
/** Of the best entry's score, that another one needs. */
const leastShare = 0.4;

/**
 * The entries that bear on a task, the best first: by words that they share (the rarer among entries, the more), by files
 * they name, pitfalls before the rest. What is stale is left out. Short conventions of no module hold for every task.
 */
export function relevantMemory(
  entries: readonly MemoryEntry[],
  text: string,
  files: readonly TaskFile[],
): Remembered[] {
  const current = entries.filter(({ status }) => status !== "stale");
  const words = new Set(wordsOf(text).map(stem));
  const named = files.filter(({ from }) => from !== "estimate").map(({ path }) => path);
  const stems = current.map((entry) => ({
    entry,
    head: new Set(wordsOf(`${entry.title} ${entry.tags.join(" ")} ${entry.module ?? ""}`).map(stem)),
    body: new Set(wordsOf(entry.text).map(stem)),
  }));
  const holding = new Map<string, number>();
  for (const { head, body } of stems)
    for (const one of new Set([...head, ...body])) holding.set(one, (holding.get(one) ?? 0) + 1);
  const ranked = stems.flatMap(({ entry, head, body }) => {
    const shared = [...words].filter((one) => head.has(one) || body.has(one));
    // A long entry shares words with everything.
    const weight = 1 / (1 + Math.log(1 + body.size / 30));
    let score = 0;
    for (const one of shared)
      score += Math.log(1 + current.length / (holding.get(one) ?? 1)) * (head.has(one) ? 2 : weight);
    const file = named.find((path) => entry.text.includes(path) || entry.text.includes(posix.basename(path)));
    const inModule = entry.module !== null && named.some((path) => path.includes(entry.module ?? "\0"));
    const strong = shared.filter((one) => head.has(one)).length;
    if (file !== undefined) score += 4;
    if (inModule) score += 4;
    if (entry.track === "bug" || entry.track === "pitfalls") score *= 1.2;
    if (entry.status === "hardened") score *= 0.5;
    const short = body.size <= 40 && shared.length >= 2;
    if (file === undefined && !inModule && !short && strong === 0) return [];
    const why =
      file !== undefined
        ? `names ${file}`
        : inModule
          ? `module ${entry.module}`
          : `about ${shared.slice(0, 4).join(", ")}`;
    return [{ entry, score, why }];
  });
  ranked.sort((one, other) => other.score - one.score || (one.entry.id < other.entry.id ? -1 : 1));
  const least = (ranked[0]?.score ?? 0) * leastShare;
  const chosen = ranked.filter(({ score }) => score >= least).slice(0, most);
  const general = current
    .filter((entry) => isGeneral(entry) && !chosen.some((one) => one.entry.id === entry.id))
    .slice(0, Math.min(mostGeneral, most - chosen.length))
    .map((entry) => ({ entry, score: 0, why: "holds for every task" }));
  return [...chosen, ...general].map(({ entry, why }) => ({ entry, text: pointOf(entry), why }));
}

function isGeneral({ track, category, module, text, tags }: MemoryEntry): boolean {
  const convention = track === "conventions" || category === "conventions" || category === "workflow";
  return convention && module === null && tags.length === 0 && text.length <= 300;
}

/** What an entry comes down to: how to avoid it, what to do, what it was; else its beginning. */
function pointOf({ title, text }: MemoryEntry): string {
  const sections = new Map<string, string>();
  let heading = "";
  for (const line of text.split("\n")) {
    const found = /^#{1,6}\s+(.*)$/.exec(line);
    if (found !== null) heading = plain(found[1] ?? "").toLowerCase();
    else sections.set(heading, `${sections.get(heading) ?? ""} ${line.trim()}`);
  }
  const order = ["prevention", "guidance", "solution", "when to apply", "problem", "context", ""];
  const body =
    order.map((name) => (sections.get(name) ?? "").replace(/\s+/g, " ").trim()).find((one) => one !== "") ??
    text.replace(/\s+/g, " ").trim();
  const whole = body.toLowerCase().startsWith(title.toLowerCase()) ? body : `${title}: ${body}`;
  return whole.length > shownLength ? `${whole.slice(0, shownLength - 1)}…` : whole;
}
