import { isCode } from "../change/risk/languages.js";
import { pathReasons, patternReasons, sensitivePath } from "../change/risk/paths.js";
import { highestClass, quote, type Reason, selectReasons, shownPath } from "../change/risk/reasons.js";
import type { Change, ChangedFile } from "../change/types.js";
import type { Config } from "../config/schema.js";
import { isSluiceError } from "../errors.js";
import type { LocalTier } from "../local/local.js";
import type { Sluice } from "../sluice.js";
import type { StateStore } from "../state/store.js";
import { type Budget, type Contents, type Judgement, judgeFile } from "./classify/file.js";
import type { Classification } from "./classify-schema.js";
import { treesOf } from "./reviewed-trees.js";

export type { ChangeClass } from "../change/risk/reasons.js";
export { type Classification, classification } from "./classify-schema.js";

export interface ClassifyOptions {
  config: Pick<Config, "review">;
  signal: AbortSignal;
}

const shownReasons = 12;
/** Changed lines of code in one file, nothing else raised, that may still be ROUTINE. */
const fewLines = 10;
const manyLines = 200;
const manyFiles = 8;
const manyFolders = 4;
/** Bytes of a side that are read. */
const fileLimit = 1024 * 1024;
const batch = 32;

/**
 * How much reviewer a change needs, with the evidence.
 *
 * SECURITY when a pattern of the configuration says so, or anything in the change touches rights, keys, other
 * programs, code from outside, CI, or the settings of reviews. COMPLEX when a pattern says so, or the change touches
 * what others rely on (exported signatures, stored data, order of events, the build), takes away checks or tests, is
 * large or wide, or can't be read. Everything else is COMPLEX too, unless it is shown to be ROUTINE, which is:
 * every file is documentation, tests (that stay as strong as they were), a rename without an edit, a picture, or has
 * the same syntax tree as before; and at most one more file, where at most 10 lines of code take the place of
 * others, read without an error on both sides, in a language whose exports are read, with nothing raised.
 *
 * Doubt goes up: what is too large, binary, skipped or not parsed is never shown to be ROUTINE. Nothing of the
 * repository's is run. Throws on cancellation.
 */
export async function classify(
  change: Change,
  _sluice: Sluice,
  options: ClassifyOptions,
): Promise<Classification> {
  return result(change, await reasonsFor(change, options));
}

/**
 * The same, with a local model asked when the rules left it below SECURITY, where there is one that is loaded. It may
 * raise the class, with a changed line as evidence, and never lowers it.
 */
export async function classifyWithModel(
  change: Change,
  sluice: Sluice,
  options: ClassifyOptions & {
    config: Config;
    tier?: LocalTier | undefined;
    /** Where calls of the local model are counted. */
    store?: StateStore | undefined;
  },
): Promise<Classification> {
  const reasons = await reasonsFor(change, options);
  const { raiseReasons } = await import("./model-screen/raise.js");
  const current = highestClass(reasons);
  return result(change, [...reasons, ...(await raiseReasons(change, sluice, { ...options, current }))]);
}

/** The paths of a change's files that are SECURITY by themselves. Throws on cancellation. */
export async function securityFiles(change: Change, options: ClassifyOptions): Promise<Set<string>> {
  const reasons = await reasonsFor(change, options);
  return new Set(reasons.flatMap((reason) => (reason.class === "SECURITY" ? (reason.file ?? []) : [])));
}

async function reasonsFor(change: Change, { config, signal }: ClassifyOptions): Promise<Reason[]> {
  const { security_patterns: security, complex_patterns: complex } = config.review.classification;
  const reasons = await patternReasons(change.files, { security, complex });
  reasons.push(...skippedReasons(change));
  const judgements: { file: ChangedFile; judgement: Judgement }[] = [];
  const budget: Budget = { characters: 4_000_000, parsed: 16_000_000 };
  for (let start = 0; start < change.files.length; start += batch) {
    signal.throwIfAborted();
    const files = change.files.slice(start, start + batch);
    const contents = await read(change, files, signal);
    for (const [index, file] of files.entries()) {
      signal.throwIfAborted();
      const judgement = await judgeFile(file, contents[index] ?? unread, budget);
      reasons.push(...judgement.raised);
      judgements.push({ file, judgement });
      await new Promise(setImmediate);
    }
  }
  reasons.push(...extentReasons(judgements));
  reasons.push(...proof(change, judgements, reasons.length > 0));
  return reasons;
}

const unread: Contents = { base: null, head: null, unread: true };

async function read(change: Change, files: readonly ChangedFile[], signal: AbortSignal): Promise<Contents[]> {
  const isBlob = (mode: string) => mode.startsWith("100") || mode.startsWith("120");
  const sides = files.map((file) => ({
    base: isBlob(file.oldMode) ? file.oldId : null,
    head: isBlob(file.newMode) ? file.newId : null,
  }));
  const ids = new Set(sides.flatMap(({ base, head }) => [base, head]).filter((id) => id !== null));
  let blobs: Map<string, Buffer>;
  try {
    blobs = await change.objects.blobs([...ids], fileLimit);
  } catch (error) {
    signal.throwIfAborted();
    // A shallow or partial clone, a broken repository: what is not there was not read.
    if (!isSluiceError(error)) throw error;
    blobs = new Map();
  }
  return sides.map(({ base, head }) => {
    const was = base === null ? null : (blobs.get(base) ?? null);
    const is = head === null ? null : (blobs.get(head) ?? null);
    return { base: was, head: is, unread: (base !== null && was === null) || (head !== null && is === null) };
  });
}

/** What could not be taken into the change is not seen by anybody. */
function skippedReasons(change: Change): Reason[] {
  return change.skipped.map(({ path, reason }) => {
    const file: ChangedFile = {
      status: "modified",
      path,
      oldPath: null,
      oldMode: "100644",
      newMode: "100644",
      oldId: null,
      newId: null,
      kind: "text",
      generated: null,
      added: null,
      deleted: null,
      hunks: [],
    };
    const security = sensitivePath(file) !== null || highestClass(pathReasons(file)) === "SECURITY";
    return {
      class: security ? "SECURITY" : "COMPLEX",
      origin: "content",
      rule: "skipped",
      file: path,
      evidence: quote(`${shownPath(path)} could not be read: ${reason}`),
    };
  });
}

/** Size and spread, of what is not proved harmless. */
function extentReasons(judgements: readonly { file: ChangedFile; judgement: Judgement }[]): Reason[] {
  const open = judgements.filter(({ judgement }) => judgement.harmless === null);
  const code = open.filter(({ judgement }) => isCode(judgement.language));
  const lines = code.reduce((sum, { judgement }) => sum + judgement.lines, 0);
  const folders = new Set(
    open.map(({ file }) => file.path.slice(0, Math.max(0, file.path.lastIndexOf("/")))),
  );
  const languages = new Set(code.map(({ judgement }) => judgement.language.family));
  const found: [string, string][] = [];
  if (lines > manyLines) found.push(["size", `${lines} changed lines of code`]);
  if (open.length > manyFiles)
    found.push(["spread", `${open.length} files that are more than docs, tests or layout`]);
  else if (folders.size > manyFolders) found.push(["spread", `files in ${folders.size} folders`]);
  if (languages.size > 1) found.push(["languages", `code in ${[...languages].sort().join(", ")}`]);
  return found.map(([rule, evidence]) => ({
    class: "COMPLEX",
    origin: "content",
    rule,
    file: null,
    evidence,
  }));
}

/** What shows the change to be ROUTINE, or the first thing that is not shown. */
function proof(
  change: Change,
  judgements: readonly { file: ChangedFile; judgement: Judgement }[],
  raised: boolean,
): Reason[] {
  if (change.files.length === 0 && change.skipped.length === 0)
    return [{ class: "ROUTINE", origin: "syntax", rule: "empty", file: null, evidence: "nothing changed" }];
  const open = judgements.filter(({ judgement }) => judgement.harmless === null);
  const proofs = judgements.flatMap(({ judgement }) => (judgement.harmless ? [judgement.harmless] : []));
  const [only] = open;
  if (only === undefined) return proofs;
  const { file, judgement } = only;
  if (open.length === 1 && !raised && judgement.bounded && judgement.lines <= fewLines) {
    const evidence = `${judgement.lines} changed lines in ${shownPath(file.path)}, no offered name touched, nothing raised`;
    return [{ class: "ROUTINE", origin: "content", rule: "few-lines", file: file.path, evidence }, ...proofs];
  }
  const why =
    open.length > 1
      ? `${open.length} files are not shown to be docs, tests, layout or renames`
      : `${shownPath(file.path)} is not shown to be docs, tests, layout, a rename, or a few bounded lines of code`;
  return [{ class: "COMPLEX", origin: "content", rule: "not-routine", file: null, evidence: why }];
}

/** Who is named of several that ask for the same class. */
const deciders = ["patterns", "content", "model"] as const;

function result(change: Change, reasons: readonly Reason[]): Classification {
  const decided = highestClass(reasons);
  const { shown, more } = selectReasons(reasons, shownReasons);
  const origins = new Set(reasons.filter((reason) => reason.class === decided).map(({ origin }) => origin));
  return {
    class: decided,
    reasons: shown.map(({ rule, file, evidence }) => ({
      rule,
      file: file === null ? null : shownPath(file),
      evidence,
    })),
    more_reasons: more,
    decided_by: deciders.find((origin) => origins.has(origin)) ?? "syntax",
    trees: treesOf(change),
  };
}
