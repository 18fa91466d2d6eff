import { pathReasons, patternReasons, sensitivePath } from "../../change/risk/paths.js";
import { isProse } from "../../change/risk/prose.js";
import { quote, shownPath } from "../../change/risk/reasons.js";
import type { Survey } from "../../change/survey.js";
import { isTestPath } from "../../change/tests-of.js";
import type { Repository } from "../../change/types.js";
import type { Config } from "../../config/schema.js";
import { filesWith } from "../search-tree.js";
import { isAside, type Statement } from "../statements.js";
import { epicStatements, saysEnough, type Task } from "../task.js";
import { isAboutDocs, type TaskFile } from "../task-files.js";
import { signsInFiles } from "./contents.js";
import { aboutPath, type Evidence, type Found, nothingFound, said } from "./evidence.js";
import { distinctModules, modulesOf } from "./modules.js";
import {
  acrossModulesIn,
  architectureIn,
  concurrencyIn,
  everywhereIn,
  isLeftAlone,
  securityIn,
  sizeIn,
} from "./prose.js";
import { unfamiliarPatterns } from "./unfamiliar.js";

const manyFiles = 5;
/** Of the best estimate, that one needs to count as a file of the task. */
const sureFrom = 0.75;
/** Without a size in the spec: criteria, and words, from which a task is estimated to be L. */
const large = { criteria: 9, words: 1_200 };

export interface Subject {
  repository: Repository;
  survey: Survey;
  task: Task;
  files: readonly TaskFile[];
  /** How many criteria the task has to meet. */
  criteria: number;
  config: Pick<Config, "review">;
}

/** What the rules find. Reads files of the tree, runs nothing, asks nobody. */
export async function findIndicators(
  subject: Subject,
  signal: AbortSignal,
): Promise<{ found: Found; notes: string[] }> {
  const { repository, survey, task, files, config } = subject;
  const found = nothingFound();
  const own = task.own.filter((statement) => !isAside(statement));
  const related = epicStatements(task).filter((statement) => !isAside(statement));
  const statements = [...own, ...related];
  const named = files.filter(({ from }) => from !== "estimate");
  const notes: string[] = [];
  sizes(subject, own, found);
  spread(subject, statements, found);
  notes.push(...(await usedEverywhere(subject, statements, found, signal)));

  // Whoever writes about tokens does not handle them.
  if (isAboutDocs(task) && named.length > 0 && named.every(({ path }) => isProse(path))) {
    notes.push("its title and all its files are documentation: what it writes about was not counted");
    return { found, notes };
  }

  for (const statement of statements) {
    push(found.security_sensitive, statement, securityIn(statement));
    push(found.architectural, statement, architectureIn(statement));
    push(found.concurrency, statement, concurrencyIn(statement));
  }
  const epicTitle = task.epic.find(({ kind }) => kind === "title");
  if (epicTitle !== undefined && saysEnough(task)) {
    const why = securityIn(epicTitle);
    if (why !== null) found.security_sensitive.push(said(epicTitle, `its epic is ${why}`));
  } else if (epicTitle !== undefined) {
    push(found.security_sensitive, epicTitle, securityIn(epicTitle));
    push(found.architectural, epicTitle, architectureIn(epicTitle));
    push(found.concurrency, epicTitle, concurrencyIn(epicTitle));
    notes.push("the task says next to nothing itself: its whole epic was read for it");
  }
  await byPaths(named, config, found);
  const inside = await signsInFiles(repository, files, statements, signal);
  found.security_sensitive.push(...inside.security);
  found.concurrency.push(...inside.concurrency);
  const unfamiliar = await unfamiliarPatterns(repository, survey, statements, files, signal);
  found.unfamiliar_patterns.push(...unfamiliar.evidence);
  return { found, notes: [...notes, ...inside.notes, ...unfamiliar.notes] };
}

function push(list: Evidence[], statement: Statement, what: string | null): void {
  if (what !== null) list.push(said(statement, what));
}

/** What the paths of named files say, by the same rules that changes are classed by. */
async function byPaths(
  files: readonly TaskFile[],
  config: Pick<Config, "review">,
  found: Found,
): Promise<void> {
  const code = files.filter(({ path }) => !isProse(path));
  for (const { path } of code) {
    const place = { path: path.replace(/\/$/, ""), oldPath: null };
    for (const { rule, class: asked, evidence } of pathReasons(place)) {
      const what = evidence.slice(evidence.indexOf(" ") + 1);
      if (asked === "SECURITY") found.security_sensitive.push(aboutPath(path, `a file that ${what}`));
      else if (rule === "migration" || rule === "public-api")
        found.architectural.push(aboutPath(path, `a file that ${what}`));
    }
    const sensitive = sensitivePath(place);
    if (sensitive !== null) {
      const word = /^the path says (.+?):/.exec(sensitive.evidence)?.[1] ?? "";
      // The ending of a file that no query of a stranger's is put into.
      if (word !== "sql") found.security_sensitive.push(aboutPath(path, `its path says ${word}`));
    }
  }
  const { security_patterns: security, complex_patterns: complex } = config.review.classification;
  const places = code
    .filter(({ path }) => !isTestPath(path))
    .map(({ path }) => ({ path: path.endsWith("/") ? `${path}x` : path, oldPath: null }));
  for (const { class: asked, file, evidence } of await patternReasons(places, { security, complex })) {
    const pattern = evidence.slice(evidence.lastIndexOf(" ") + 1);
    const path = (file ?? "").replace(/\/x$/, "/");
    const target =
      asked === "SECURITY"
        ? found.security_sensitive
        : /concurr|thread|parallel|async|lock|queue|worker/i.test(pattern)
          ? found.concurrency
          : found.architectural;
    const list = asked === "SECURITY" ? "security_patterns" : "complex_patterns";
    target.push(aboutPath(path, `matches ${pattern} of review.classification.${list}`));
  }
}

/** L or XL, as it is written, or as long a list of demands as such a task has. */
function sizes({ task, criteria }: Subject, own: readonly Statement[], found: Found): void {
  const sized = own
    .map((statement) => ({ statement, size: sizeIn(statement) }))
    .find(({ size }) => size !== null);
  if (sized !== undefined) {
    const { statement, size } = sized;
    if (size === "L" || size === "XL") found.large_scope.push(said(statement, `size ${size}`));
    return;
  }
  const words = own.reduce((sum, { text }) => sum + text.split(" ").length, 0);
  const where = { path: task.path, line: null, from: "rules" } as const;
  if (criteria >= large.criteria) {
    const quoted = `${criteria} acceptance criteria`;
    found.large_scope.push({
      what: "no size is written; estimated L by what it asks for",
      quote: quoted,
      ...where,
    });
  } else if (words >= large.words) {
    found.large_scope.push({
      what: "no size is written; estimated L by its length",
      quote: `${words} words`,
      ...where,
    });
  }
}

/** How many files and modules take part. */
function spread({ survey, files }: Subject, statements: readonly Statement[], found: Found): void {
  const counted = files.filter(
    ({ path, weight }) => weight >= sureFrom && !isTestPath(path) && !isProse(path),
  );
  if (counted.length > manyFiles) {
    const estimated = counted.every(({ from }) => from === "estimate");
    for (const { path } of counted.slice(0, 3)) {
      const what = `one of ${counted.length} files${estimated ? ", estimated by names and history" : ""}`;
      found.many_files.push(aboutPath(path, what));
    }
  }
  for (const statement of statements) {
    push(found.many_files, statement, everywhereIn(statement));
    push(found.cross_module, statement, acrossModulesIn(statement));
  }
  const named = files.filter(({ from }) => from !== "estimate");
  const moduleOf = modulesOf(survey);
  const judged = named.length > 0 ? named : files.filter(({ weight }) => weight >= sureFrom).slice(0, 4);
  const modules = distinctModules(
    judged.map(({ path }) => path),
    moduleOf,
  );
  if (modules.length > 1) {
    for (const module of modules.slice(0, 3)) {
      const example = judged.find(
        ({ path }) => moduleOf(path) === module || moduleOf(path)?.startsWith(module),
      );
      found.cross_module.push(
        aboutPath(example?.path ?? module, `one of ${modules.length} modules: ${module}`),
      );
    }
  }
}

/** Verbs that ask for every place a name stands in. */
const touchesAllUses =
  /\b(?:[Rr]enam(?:e|es|ing)|[Rr]eplac(?:e|es|ing)|[Rr]emov(?:e|es|ing)|[Dd]elet(?:e|es|ing)|[Dd]rop(?:s|ping)?|[Mm]igrat(?:e|es|ing)|[Cc]onvert(?:s|ing)?|[Dd]eprecat(?:e|es|ing)|[Ii]nlin(?:e|es|ing))\s+(?:(?:all|every|each|the|usages?|uses?|calls?|imports?|of|to|from|old|deprecated|legacy|unused|global|function|class|method|helper|option|type|constant|prop|module)\s+){0,5}(?:`([^`\n]{3,80})`|([A-Za-z_$][\w$]*(?:[._][\w$]+)+|[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*))/g;

/** A name that is to be changed wherever it stands: in how many files that is. */
async function usedEverywhere(
  { repository, survey }: Subject,
  statements: readonly Statement[],
  found: Found,
  signal: AbortSignal,
): Promise<string[]> {
  const notes: string[] = [];
  const moduleOf = modulesOf(survey);
  const seen = new Set<string>();
  for (const statement of statements) {
    if (statement.kind === "code" || isLeftAlone(statement.text)) continue;
    for (const [, quoted, bare] of statement.text.matchAll(touchesAllUses)) {
      const name = (quoted ?? bare ?? "").replace(/\(.*$/, "").trim();
      if (!/^[\w$.:-]{3,80}$/.test(name) || seen.has(name) || seen.size >= 4) continue;
      // A file that goes away is one file, unless it is imported.
      if (/\.\w{1,4}$/.test(name) && survey.files.some(({ path }) => path.endsWith(name))) continue;
      seen.add(name);
      const files = await filesWith(repository, [name], "exact", signal);
      if (files === null) {
        notes.push(`where ${quote(name)} stands was not found out in time`);
        continue;
      }
      const code = files.filter((path) => !isTestPath(path));
      if (code.length > manyFiles)
        found.many_files.push(said(statement, `${quote(name)} stands in ${code.length} files`));
      const modules = distinctModules(code, moduleOf);
      if (modules.length > 1)
        found.cross_module.push(
          said(
            statement,
            `${quote(name)} stands in ${modules.length} modules: ${modules.slice(0, 3).map(shownPath).join(", ")}`,
          ),
        );
    }
  }
  return notes;
}
