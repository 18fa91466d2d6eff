import * as z from "zod";
import type { Side } from "../../change/types.js";
import { abortAfter } from "../../time-limit.js";
import type { Finding } from "../compare.js";
import { isPython } from "../files.js";
import { callWorker } from "../warm/workers.js";
import type { Family } from "../workspace.js";
import type { Look } from "./look.js";

/** Findings of one change that get a suggestion: more are of a change that is broken as a whole. */
const adviceLimit = 40;
/** Milliseconds for one search through all texts of a repository. */
const timeLimit = 30_000;
/** Paths of a tree beyond which only those of the sources are sent to a search. */
const pathLimit = 50_000;

/**
 * Which of the names do other files use that never declare them? Null when that could not be found out.
 * Throws the signal's reason.
 */
export async function namesGiven(
  names: ReadonlySet<string>,
  family: Family,
  look: Look,
): Promise<ReadonlySet<string> | null> {
  if (names.size === 0) return new Set();
  const touched = look.change.files.flatMap(({ path, oldPath }) => [path, oldPath ?? path]);
  const places = await placesOf([["base", family]], look);
  const found = await ask({ kind: "given", names: [...names], family, touched, ...places }, given, look);
  return found === null ? null : new Set(found);
}

const given = z.array(z.string());

/**
 * Adds to the messages about names and modules that are not there what would most likely mend them: the import that
 * was there before, the only module that exports the name, or the nearest name. Says nothing where several would do.
 */
export async function suggest(findings: readonly Finding[], look: Look): Promise<Finding[]> {
  const wanted = findings.flatMap((one) => named(one) ?? []).slice(0, adviceLimit);
  if (wanted.length === 0) return [...findings];
  const families = new Set<Family>(wanted.map(({ file }) => (isPython(file) ? "python" : "ecmascript")));
  const places = await placesOf(
    [...families].flatMap((family) => [["base", family] as const, ["head", family] as const]),
    look,
  );
  const tree = await look.workspace.paths("head");
  const paths =
    tree.size <= pathLimit ? [...tree] : [...families].flatMap((one) => places.sources[`head/${one}`] ?? []);
  const files = new Set(wanted.map(({ file }) => file));
  const oldPaths = look.change.files.flatMap(({ path, oldPath }) =>
    files.has(path) && oldPath ? [[path, oldPath]] : [],
  );
  const said = await ask({ kind: "advice", findings: wanted, paths, oldPaths, ...places }, advice, look);
  const advised = new Map(wanted.map(({ id }, index) => [id, said?.[index] ?? null]));
  return findings.map((finding) => {
    const text = advised.get(finding.id) ?? null;
    return text === null || text.length > 500
      ? finding
      : { ...finding, message: `${plain(finding.message)} ${text}` };
  });
}

const advice = z.array(z.string().nullable());

function named({ id, severity, file, class: kind, subject, message, evidence }: Finding) {
  if (subject === undefined || subject.length > 100 || severity === "hint") return null;
  if (!["undefined-name", "missing-module", "missing-export"].includes(kind)) return null;
  return { id, file, class: kind, subject, message, evidence };
}

/** Without the advice for those who get no better. */
function plain(message: string): string {
  return message
    .replace(
      / (Import or declare it|Correct the path, or add the file|Import a name that it exports, or export this one)\.$/,
      "",
    )
    .replace(/: import or declare it\.$/, ".")
    .replace(/ Did you mean '[^']*'\?$/, "");
}

/** Where the texts are that a search reads. */
async function placesOf(wanted: readonly (readonly [Side, Family])[], { workspace }: Look) {
  const folders: Record<string, string> = {};
  const sources: Record<string, readonly string[]> = {};
  for (const [side, family] of wanted) {
    folders[`${side}/${family}`] = await workspace.folder(side, family);
    sources[`${side}/${family}`] = await workspace.sources(side, family);
  }
  return { folders, sources };
}

/** A search that fails or takes too long costs what it would have said. */
async function ask<T>(question: object, answer: z.ZodType<T>, { signal, sluice }: Look): Promise<T | null> {
  try {
    return await callWorker("light", "second-look/names-process", question, answer, {
      signal: AbortSignal.any([signal, abortAfter(timeLimit)]),
      temporary: sluice.env.TMPDIR,
    });
  } catch {
    signal.throwIfAborted();
    return null;
  }
}
