import { posix } from "node:path";
import { mentionedPaths, type Survey } from "../../change/survey.js";
import { linesOf } from "../../flow/markdown.js";
import { finding, named, type PlanFinding } from "./findings.js";
import type { Plan } from "./plan.js";

/** A plan names files that it will make; these words say that one is there already. */
const there =
  /\b(?:modif(?:y|ies|ied)|updat(?:e|es|ed)|chang(?:e|es)|edit|extend(?:s|ed)?|refactor|fix|rename|delete|remove|reuse|re-use|follow|see|like in|same as|as in|existing|already|pattern (?:of|from|in)|based on|look at|read|call(?:s|ed)? (?:from|in)|defined in|lives? in)\b/i;
const made =
  /\b(?:creat(?:e|es|ed|ing)|new|add(?:s|ed|ing)?|introduc(?:e|es)|generat(?:e|es|ed)|scaffold|writ(?:e|es)|will (?:be|contain|hold)|mov(?:e|ed|es) (?:in)?to|extract(?:ed)? (?:in)?to|output|produces?)\b|\(new\)/i;
/** Sections that list what is there. */
const listsThere = /\b(?:investigation targets?|reuse|existing|references?|context|related code)\b/i;
const listsNew = /\bnew files?|files to (?:create|add)|creates?\b/i;

interface Mention {
  file: string;
  line: number;
  /** `path:12`: only what is there has lines. */
  numbered: boolean;
  text: string;
  heading: string;
}

/**
 * Files that a plan takes for being there, and are not: named with a line, as something to change or to look at, or
 * with the name of one that is elsewhere. What the plan makes itself, anywhere, is none.
 */
export function unknownFiles(plan: Plan, survey: Survey): PlanFinding[] {
  const mentions = new Map<string, Mention[]>();
  for (const { path: file, text, role } of plan.texts) {
    const task = role === "task" ? plan.tasks.find(({ specPath }) => specPath === file) : undefined;
    if (task?.status === "done") continue;
    let heading = "";
    for (const [at, { text: line, fenced }] of linesOf(text).entries()) {
      if (!fenced && /^#{1,6}\s/.test(line)) heading = line;
      // What stands in a code block is an example, or a command's output.
      if (fenced || line.length > 2_000) continue;
      for (const path of mentionedPaths(survey, line).missing) {
        const numbered = new RegExp(`${escaped(path)}(?::\\d+|#L\\d+)`).test(line);
        const known = mentions.get(path) ?? [];
        known.push({ file, line: at + 1, numbered, text: line, heading });
        mentions.set(path, known);
      }
    }
  }
  const names = new Map<string, string[]>();
  for (const { path } of survey.files) {
    const name = posix.basename(path);
    const known = names.get(name) ?? [];
    if (known.length < 3) known.push(path);
    names.set(name, known);
  }
  const found: PlanFinding[] = [];
  for (const [path, all] of mentions) {
    if (isOutside(path) || all.some(({ text, heading }) => made.test(text) || listsNew.test(heading)))
      continue;
    const numbered = all.find((one) => one.numbered);
    const said = all.find(({ text, heading }) => there.test(text) || listsThere.test(heading));
    const elsewhere = names.get(posix.basename(path)) ?? [];
    const [mention = said] = [numbered ?? said ?? all[0]];
    if (mention === undefined) continue;
    const certain = numbered !== undefined;
    const severity = certain ? "certain" : said !== undefined ? "likely" : "hint";
    if (severity === "hint" && elsewhere.length === 0) continue;
    const instead = elsewhere.length > 0 ? ` There is ${elsewhere.map(named).join(", ")}.` : "";
    found.push(
      finding({
        severity,
        class: "unknown_file",
        file: mention.file,
        line: mention.line,
        about: path,
        message: `${named(path)} is not in the repository.${instead} Name the file that is meant, or say that it is new.`,
      }),
    );
  }
  return found;
}

/** What is not of this repository: other tools' folders, addresses, packages, patterns. */
function isOutside(path: string): boolean {
  return (
    /(?:^|\/)(?:node_modules|dist|build|target|out|coverage|\.git|\.venv|vendor)\//.test(path) ||
    path.startsWith("~") ||
    path.startsWith("@") ||
    path.startsWith("../") ||
    /[*?{}$]/.test(path) ||
    // `example.com/a.js`, `github.com/o/r.git`: a host in front of it.
    /^[\w-]+\.(?:com|org|net|io|dev|ai|sh)\//.test(path)
  );
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
