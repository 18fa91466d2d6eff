import { breathe } from "../breathe.js";
import type { Finding } from "../compare.js";
import { hasScript, isFixture, isPython } from "../files.js";
import { silencer } from "../javascript/directives.js";
import { literally } from "../last-text.js";
import { maskSecrets } from "../secrets/secret-rules.js";
import type { Look } from "./look.js";
import { madeByBuild, moduleExists } from "./module-exists.js";
import { configuredNames, searchLimit } from "./name-from-elsewhere.js";
import { namesGiven, suggest } from "./names.js";

/** Undefined names of one change that are looked for elsewhere; what comes after is left in doubt. */
const nameLimit = 200;

/**
 * What no engine can know by itself is asked again here, of the few findings that are new: is the missing file one
 * that is generated, the undefined name one that this project gets from somewhere else? A finding that can be
 * explained away is dropped; in doubt it becomes a hint.
 */
export async function secondLook(findings: readonly Finding[], look: Look): Promise<Finding[]> {
  const isSilenced = silencers(look);
  const open: Finding[] = [];
  for (const finding of findings) {
    await breathe(look.signal);
    if (!(await isSilenced(finding))) open.push(finding);
  }
  const ignored = await madeByBuild(open, look);
  const isGiven = await givenNames(open, look);
  const kept: Finding[] = [];
  for (const finding of open) {
    await breathe(look.signal);
    let { severity } = finding;
    if (finding.class === "missing-module" && finding.subject !== undefined) {
      if (ignored.has(finding.subject) || (await moduleExists(finding.subject, look))) continue;
    }
    if (finding.class === "undefined-name" && finding.subject !== undefined) {
      const isAsked = await isAskedFor(finding.subject, finding.file, look);
      // A parameter of the same name may be asked for its type.
      if (isAsked && !(await wasImported(finding.subject, finding.file, look))) continue;
      const given = await isGiven(finding.subject, finding.file);
      if (given === "yes") continue;
      if (given === "perhaps") severity = "hint";
    }
    if (finding.code === "floating-promise" && finding.subject !== undefined) {
      const style = await awaited(finding.subject, finding.file, look);
      if (style === "never") continue;
      if (style === "before") severity = "likely";
    }
    const isDoubtful = finding.class !== "secret" && isFixture(finding.file);
    if (isDoubtful || (await isOfOpenClass(finding, look))) severity = "hint";
    kept.push({ ...finding, severity });
  }
  const helped = await suggest(kept, look);
  const masked: Finding[] = [];
  for (const finding of helped) {
    await breathe(look.signal);
    masked.push({ ...finding, message: maskSecrets(finding.message) });
  }
  return masked;
}

/** Does a comment for a linter take a finding back? The compiler knows its own comments, but not theirs. */
function silencers({ workspace }: Look): (finding: Finding) => Promise<boolean> {
  const known = new Map<string, ReturnType<typeof silencer>>();
  return async (finding) => {
    if (!hasScript(finding.file)) return false;
    const { file } = finding;
    const silences = known.get(file) ?? silencer(file, (await workspace.text("head", file)) ?? "");
    known.set(file, silences);
    return silences(finding);
  };
}

/** Of the undefined names, which does the project get from something that no file says? */
async function givenNames(
  findings: readonly Finding[],
  look: Look,
): Promise<(name: string, file: string) => Promise<"yes" | "no" | "perhaps">> {
  const names = { python: new Set<string>(), ecmascript: new Set<string>() };
  for (const { class: kind, subject, file } of findings) {
    const family = names[isPython(file) ? "python" : "ecmascript"];
    if (kind === "undefined-name" && subject !== undefined && family.size < nameLimit) family.add(subject);
  }
  const given = {
    python: await namesGiven(names.python, "python", look),
    ecmascript: await namesGiven(names.ecmascript, "ecmascript", look),
  };
  const configured = configuredNames(look);
  return async (name, file) => {
    const family = isPython(file) ? "python" : "ecmascript";
    const found = given[family];
    if (found === null || !names[family].has(name)) return "perhaps";
    // A file that imported it by hand did not get it like the others.
    if (found.has(name) && !(await wasImported(name, file, look))) return "yes";
    if (isPython(file)) return "no";
    if (await configured.isDeclared(name, file)) return "yes";
    if (!(await configured.isAutoImported(file))) return "no";
    // Nobody can tell which names those are; but one that was imported by hand may well need to be.
    return (await wasImported(name, file, look)) ? "perhaps" : "yes";
  };
}

/** Was this very call waited for before, or do others of its kind in the file show that one waits for them? */
async function awaited(call: string, file: string, look: Look): Promise<"before" | "elsewhere" | "never"> {
  const now = (await look.workspace.text("head", file)) ?? "";
  const before = (await baseText(file, look)) ?? "";
  const times = (text: string, what: string) => text.split(what).length - 1;
  if (times(before, `await ${call}`) > times(now, `await ${call}`)) return "before";
  const callee = call.slice(0, call.indexOf("(") + 1);
  return callee.length > 1 && now.includes(`await ${callee}`) ? "elsewhere" : "never";
}

/** Does the file ask whether the name is there (`typeof name !== "undefined"`, `"name" in window`)? */
async function isAskedFor(name: string, file: string, { workspace }: Look): Promise<boolean> {
  if (!hasScript(file)) return false;
  const text = (await workspace.text("head", file)) ?? "";
  if (!text.includes(name)) return false;
  const quoted = literally(name);
  const gap = "\\s{0,20}";
  return new RegExp(
    `\\btypeof\\s{1,20}\\(?${gap}${quoted}${gap}\\)?${gap}[!=]==?|['"]${quoted}['"]\\s{1,20}in\\s{1,20}\\w`,
  ).test(text);
}

/** Did an import of the file bring a name, before the change? */
async function wasImported(name: string, file: string, look: Look): Promise<boolean> {
  const text = await baseText(file, look);
  if (text?.includes(name) !== true) return false;
  const word = `(?<![\\w$])${literally(name)}(?![\\w$])`;
  const imported = isPython(file)
    ? `^[ \\t]*(?:from\\s{1,9}[\\w.]{1,200}\\s{1,9})?import[ \\t]{1,9}(?:\\([^)]{0,2000}|[^\\n(;'"]{0,500})${word}`
    : `^[ \\t]*import\\b[^;'"]{0,500}${word}`;
  const required = `${word}[\\s\\w$,:}]{0,300}=\\s{0,9}require\\s{0,9}\\(`;
  return new RegExp(isPython(file) ? imported : `${imported}|${required}`, "m").test(text);
}

/** A file as it was before the change, under whatever name. */
async function baseText(file: string, { change, workspace }: Look): Promise<string | null> {
  return workspace.text("base", change.files.find((one) => one.path === file)?.oldPath ?? file);
}

/**
 * Is a missing member one of a Python class that may get it elsewhere: a mixin or a base class has the rest of its
 * parts in what it is mixed into?
 */
async function isOfOpenClass(finding: Finding, { workspace }: Look): Promise<boolean> {
  if (finding.class !== "missing-member" || finding.subject === undefined || !isPython(finding.file))
    return false;
  const name = finding.subject;
  if (/Mixin|Base|Abstract|Interface|Protocol/.test(name)) return true;
  const child = new RegExp(`^[ \\t]*class\\s+\\w+\\s*\\([^)]{0,500}\\b${name}\\b[^)]{0,500}\\)\\s*:`, "m");
  const own = new RegExp(`^[ \\t]*class\\s+${name}\\b`, "m");
  let isOurs = false;
  const sources = (await workspace.sources("head", "python")).filter((path) => isPython(path));
  for (const path of sources.slice(0, searchLimit)) {
    const text = await workspace.source("head", "python", path);
    if (text === null || !text.includes(name)) continue;
    if (child.test(text)) return true;
    isOurs ||= own.test(text);
  }
  return !isOurs;
}
