import { acceptanceCriteria } from "../../flow/markdown.js";
import type { AcceptanceCriterion } from "../../flow/types.js";
import { isAside, plain, type Statement } from "../statements.js";
import { saysEnough, type Task } from "../task.js";

/** A criterion with whose it is. */
export interface Criterion extends AcceptanceCriterion {
  of: "task" | "epic";
}

/** A statement that has to be kept word for word. */
export interface Kept {
  text: string;
  of: "task" | "epic";
  line: number | null;
  /** `constraint`: what must or must not be; `figure`: only a number makes it worth keeping. */
  kind: "constraint" | "figure";
}

/** What a task and its epic say, taken apart. */
export interface Extract {
  criteria: Criterion[];
  /** Criteria of the epic that other tasks are for. */
  otherCriteria: number;
  kept: Kept[];
  /** The rest, that may be told in fewer words. */
  narrative: { own: Statement[]; epic: Statement[] };
}

const constraint =
  /\b(?:must(?:n['’]t)?|shall|never|always|only|at\s+(?:most|least)|no\s+(?:more|less|fewer|later|longer|earlier)\s+than|up\s+to|within|may\s+not|can(?:not|['’]t)|won['’]t|(?:do|does|should|will)(?:\s+not|n['’]t)|should|required|requires|forbidden|not\s+allowed|limit(?:ed|s)?|maximum|minimum|exceed\w*|except|unless|without|exactly|backwards?[- ]compat\w*|preserv\w+|ensure|avoid|invariant)\b/i;
const binding =
  /^(?:.*\b(?:constraints?|edge cases|requirements?|rules|invariants|limits|boundaries|non[- ]?goals?|out[- ]of[- ]scope|not in scope|what not to build)\b.*)$/;
/** Numbers in digits, not those inside names, ids, references or paths. */
const digits = /(?<![\w#./@]|\w-)\d[\d.,_]*/g;
const numberWords =
  /\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|sixty|ninety|hundred|thousand|million|twice|half|double|dozen)\b/gi;

/** Headings whose text is for reading up, not for the work. */
const background =
  /^(?:references?|links|see also|further reading|history|alternatives(?: considered)?|decision context|done summary|evidence)\b/;

/**
 * Takes a task and its epic apart: criteria, what has to be kept word for word, and the rest. Of an epic's criteria
 * those that the task satisfies, where it says which; else all.
 */
export function extractOf(task: Task): Extract {
  const own = acceptanceCriteria(task.markdown).map((one): Criterion => ({ ...one, of: "task" }));
  const epicMarkdown = task.spec?.markdown ?? null;
  const all = epicMarkdown === null ? [] : acceptanceCriteria(epicMarkdown);
  const satisfies = new Set((task.flow?.satisfies ?? []).map((id) => id.toUpperCase()));
  const mine =
    satisfies.size === 0 ? all : all.filter(({ id }) => id !== null && satisfies.has(id.toUpperCase()));
  const said = new Set(own.map(({ text }) => plain(text)));
  const epic = mine
    .filter(({ text }) => !said.has(plain(text)))
    .map((one): Criterion => ({ ...one, of: "epic" }));
  // What stands in a criterion is kept with it.
  const inCriteria = [...own, ...epic, ...all].map(({ text }) => plain(text)).join("\n");
  const kept: Kept[] = [];
  const unlisted: Criterion[] = [];
  const narrative: Extract["narrative"] = { own: [], epic: [] };
  const take = (statements: readonly Statement[], of: "task" | "epic") => {
    const seen = new Set(kept.map(({ text }) => text));
    for (const statement of statements) {
      const { text, kind, line, headings } = statement;
      if (kind === "title" || headings.some((heading) => background.test(heading))) continue;
      if (headings.some((heading) => /^acceptance\b/.test(heading))) {
        // Criteria that nobody made a list of are criteria all the same.
        if (!isIn(text, inCriteria)) unlisted.push({ text, id: null, done: false, of });
        continue;
      }
      if (seen.has(text)) continue;
      const binds =
        kind !== "code" && (constraint.test(text) || headings.some((heading) => binding.test(heading)));
      const figures = numbersIn(text).length > 0;
      if (binds || figures) {
        seen.add(text);
        const aside = isAside(statement) && !/\b(?:out of scope|not in scope|non-goal)/i.test(text);
        const quoted = aside ? `${text} (out of scope)` : text;
        kept.push({ text: quoted, of, line, kind: binds ? "constraint" : "figure" });
      } else narrative[of === "task" ? "own" : "epic"].push(statement);
    }
  };
  take(task.own, "task");
  take(task.epic, "epic");
  const ofTask = unlisted.filter(({ of }) => of === "task");
  const ofEpic = unlisted.filter(({ of }) => of === "epic");
  return {
    criteria: [...own, ...ofTask, ...epic, ...ofEpic],
    otherCriteria: all.length - mine.length,
    kept,
    narrative,
  };
}

/** Whether a criterion holds a statement, whatever its marks. */
function isIn(text: string, criteria: string): boolean {
  const bare = plain(text).replace(/^r\d{1,4}[a-z]?\s*[:.–—-]\s*/i, "");
  return criteria.includes(bare);
}

/** The numbers in a text as they are written, `1,000` as `1000`; small ones in words too. */
export function numbersIn(text: string): string[] {
  const bare = text
    .replace(/https?:\/\/\S+/g, " ")
    .replace(/\b[\w./-]+\.\w{1,6}:\d+(?:-\d+)?/g, " ")
    .replace(/^\s*\d{1,3}[.)]\s+/, "")
    .replace(/\b(?:fn|[a-z]{2,10})-\d+(?:-[\w-]+)?(?:\.\d+)?\b/gi, " ")
    .replace(/\b(?:task|step|phase|section|figure|table|option|part|line|lines)\s+\d+(?:\.\d+)?\b/gi, " ");
  const found = [...bare.matchAll(digits)].map(([number]) =>
    number.replace(/[,_](?=\d{3})/g, "").replace(/[.,_]+$/, ""),
  );
  const words = [...bare.matchAll(numberWords)].map(([word]) => word.toLowerCase());
  return [...new Set([...found, ...words])];
}

const ownLimit = 1_600;
const epicLimit = 900;
/** What tells most of an epic, in this order. */
const telling =
  /^(?:overview|goal|goals?\b.*|context|background|summary|problem|scope|approach|architecture|design|solution|technical)\b/;

/** The narrative in the spec's own words: of the task as much as fits, of the epic the beginning of what tells most. */
export function briefOf({ narrative }: Extract, task: Task): string {
  const own = narrative.own.filter(({ kind }) => kind !== "code");
  const parts = [leading(own, ownLimit)];
  const epic = narrative.epic.filter(
    ({ kind, headings }) =>
      kind !== "code" && (!saysEnough(task) || headings.some((heading) => telling.test(heading))),
  );
  const about = leading(epic, epicLimit);
  if (about !== "") parts.push(`Epic: ${about}`);
  return parts.filter((part) => part !== "").join("\n");
}

/** All of it where it fits, else the first statements of each heading in turn. */
function leading(statements: readonly Statement[], limit: number): string {
  const whole = statements.map(({ text }) => text).join(" ");
  if (whole.length <= limit) return whole;
  const groups = new Map<string, Statement[]>();
  for (const statement of statements) {
    const key = statement.headings.join("\0");
    groups.set(key, [...(groups.get(key) ?? []), statement]);
  }
  const chosen = new Set<Statement>();
  let length = 0;
  for (let round = 0; length < limit && round < 40; round++) {
    let any = false;
    for (const group of groups.values()) {
      const next = group[round];
      if (next === undefined || length + next.text.length > limit) continue;
      chosen.add(next);
      length += next.text.length + 1;
      any = true;
    }
    if (!any) break;
  }
  return statements
    .filter((statement) => chosen.has(statement))
    .map(({ text }) => text)
    .join(" ");
}
