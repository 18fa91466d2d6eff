import { posix } from "node:path";
import { pathReasons, patternReasons, sensitivePath } from "../../change/risk/paths.js";
import { mentionedPaths, type Survey } from "../../change/survey.js";
import { countTokens } from "../../change/tokens.js";
import type { Config } from "../../config/schema.js";
import { acceptanceCriteria, linesOf } from "../../flow/markdown.js";
import { named, quoted } from "./findings.js";
import type { Plan } from "./plan.js";

export interface Complexity {
  complexity: "SIMPLE" | "COMPLEX";
  /** Why it is COMPLEX; empty for SIMPLE. */
  reasons: { rule: string; file: string | null; evidence: string }[];
}

/** From these figures on a plan has more to go wrong than a quick reader sees. */
const many = { tasks: 6, criteria: 12, chain: 4, specs: 2, areas: 5, tokens: 6_000 };
const mostReasons = 10;

/** What a plan speaks of when a mistake in it is dear. Each names what it is; a word alone in passing is enough. */
const subjects: readonly { rule: string; pattern: RegExp }[] = [
  {
    rule: "security",
    pattern:
      /\b(?:authenticat\w+|authori[sz]\w+|oauth\w*|sign[- ]?(?:in|on)|log[- ]?in|passwords?|passwd|credentials?|secrets?|encrypt\w*|decrypt\w*|cryptograph\w*|permissions?|access control|rbac|csrf|xss|injection|session (?:token|cookie|id)s?|api keys?|private keys?|certificates?|tenant\w*|pii|gdpr)\b/i,
  },
  {
    rule: "stored-data",
    pattern:
      /\b(?:migrations?|migrat(?:e|es|ing)|backfill\w*|schema changes?|data loss|drop (?:the )?(?:table|column)s?|alter table|irreversible|backwards?[- ]compatib\w*|roll[- ]?back|wire format|file format)\b/i,
  },
  {
    rule: "concurrency",
    pattern:
      /\b(?:concurren\w+|race conditions?|deadlocks?|mutex\w*|transactions?|idempoten\w+|exactly[- ]once|distributed|eventual(?:ly)? consisten\w+|leader election|locking|thread[- ]safe\w*)\b/i,
  },
  {
    rule: "money",
    pattern:
      /\b(?:payments?|billing|invoic\w+|refunds?|charg(?:es?|ing) (?:the )?(?:card|customer)s?|pricing)\b/i,
  },
  { rule: "public-api", pattern: /\b(?:breaking changes?|public api|deprecat\w+|semver|major version)\b/i },
  {
    rule: "architecture",
    pattern:
      /\b(?:re-?architect\w*|rewrite (?:of )?the|re-?design\w* (?:of )?the|new (?:service|architecture)|replace the \w+ (?:layer|engine|framework))\b/i,
  },
];

/** How much of a reader a plan needs, by what it says. Words and figures only: no model is asked. */
export async function complexityOf(
  plan: Plan,
  survey: Survey,
  config: Pick<Config, "review">,
): Promise<Complexity> {
  const reasons: Complexity["reasons"] = [];
  const add = (rule: string, file: string | null, evidence: string) => {
    if (!reasons.some((one) => one.rule === rule)) reasons.push({ rule, file, evidence });
  };
  const { spec, tasks, texts } = plan;
  for (const { path, text, facts } of texts) {
    for (const { text: line, fenced } of [{ text: facts.title, fenced: false }, ...linesOf(text)]) {
      if (fenced) continue;
      for (const { rule, pattern } of subjects) {
        if (pattern.test(line.slice(0, 2_000))) add(rule, path, quoted(line));
      }
    }
  }
  await addPaths(plan, survey, config, add);
  if (tasks.length >= many.tasks) add("tasks", null, `${tasks.length} tasks`);
  const criteria = spec.markdown === null ? 0 : acceptanceCriteria(spec.markdown).length;
  if (criteria >= many.criteria) add("criteria", spec.specPath, `${criteria} acceptance criteria`);
  const chain = longestChain(plan);
  if (chain >= many.chain) add("chain", null, `${chain} tasks that wait for each other in a row`);
  if (spec.dependsOn.length >= many.specs)
    add("specs", spec.jsonPath, `depends on ${spec.dependsOn.length} specs`);
  let tokens = 0;
  for (const { text } of texts) tokens += await countTokens(text);
  if (tokens >= many.tokens) add("size", null, `${tokens} tokens`);
  return { complexity: reasons.length > 0 ? "COMPLEX" : "SIMPLE", reasons: reasons.slice(0, mostReasons) };
}

/** Paths that tasks name, those that are to be made included. */
async function addPaths(
  { texts }: Plan,
  survey: Survey,
  config: Pick<Config, "review">,
  add: (rule: string, file: string | null, evidence: string) => void,
): Promise<void> {
  const mentioned = mentionedPaths(
    survey,
    texts
      .filter(({ role }) => role === "task")
      .map(({ text }) => text)
      .join("\n\n"),
  );
  const paths = [...mentioned.found, ...mentioned.missing]
    .filter((path) => !path.endsWith("/"))
    .slice(0, 200);
  const files = paths.map((path) => ({ path, oldPath: null }));
  const { security_patterns: security, complex_patterns: complex } = config.review.classification;
  for (const { rule, file, evidence } of await patternReasons(files, { security, complex }))
    add(rule, file, evidence);
  for (const file of files) {
    const reasons = [...pathReasons(file).filter(({ rule }) => dear.has(rule)), sensitivePath(file)];
    for (const reason of reasons) if (reason !== null) add(reason.rule, reason.file, reason.evidence);
  }
  const areas = new Set(paths.map((path) => posix.dirname(path).split("/").slice(0, 2).join("/")));
  if (areas.size >= many.areas)
    add("areas", null, `files in ${areas.size} places: ${[...areas].slice(0, 4).map(named).join(", ")}`);
}

/** Of the rules on paths those that say more than that a file is part of a project's set-up. */
const dear: ReadonlySet<string> = new Set([
  "ci",
  "infrastructure",
  "secret-file",
  "migration",
  "public-api",
  "review-settings",
  "agent-settings",
]);

/** How many tasks have to be done one after the other. A circle is no chain. */
function longestChain({ tasks }: Plan): number {
  const byId = new Map(tasks.map((task) => [task.id, task.dependsOn]));
  const lengths = new Map<string, number>();
  let longest = 0;
  // Tasks in waves: whose dependencies are all done comes next.
  let left = [...byId.keys()];
  for (let wave = 1; left.length > 0; wave += 1) {
    const ready = left.filter((id) =>
      (byId.get(id) ?? []).every((other) => !byId.has(other) || lengths.has(other)),
    );
    if (ready.length === 0) break;
    for (const id of ready) lengths.set(id, wave);
    longest = wave;
    left = left.filter((id) => !lengths.has(id));
  }
  return longest;
}
