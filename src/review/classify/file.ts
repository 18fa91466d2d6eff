import { isDeepStrictEqual } from "node:util";
import { breathe } from "../../breathe.js";
import { isCode, type Language, languageOf } from "../../change/risk/languages.js";
import { isManifest, pathReasons, sensitivePath } from "../../change/risk/paths.js";
import { isProse } from "../../change/risk/prose.js";
import { quote, type Reason, shownPath } from "../../change/risk/reasons.js";
import { isDeceptive, sensitiveIdentifier, signsFor } from "../../change/risk/signs.js";
import type { ChangedFile } from "../../change/types.js";
import { holdsSecret } from "../../mask.js";
import { docsReason, isPicture, sameData } from "./harmless.js";
import { type ChangedLine, changedLines, lineLimit } from "./lines.js";
import { manifestReasons } from "./manifests.js";
import { removalReasons } from "./removals.js";
import { isDirective, isSecurityDirective, readSyntax, type Syntax, withoutComments } from "./syntax.js";
import { looksLikeTest, testReason, weakenedTests } from "./tests.js";

/** What is left to spend on one change: what can't be read any more is doubt. */
export interface Budget {
  /** Characters of changed lines that are looked over. */
  characters: number;
  /** Bytes of source text that are parsed. */
  parsed: number;
}

export interface Contents {
  /** Null where the file does not exist on that side, or was too large to read. */
  base: Buffer | null;
  head: Buffer | null;
  /** A side exists and was not read. */
  unread: boolean;
}

export interface Judgement {
  /** What speaks for SECURITY or COMPLEX. */
  raised: Reason[];
  /** What proves that the file alone needs no more than ROUTINE; null when nothing does. */
  harmless: Reason | null;
  language: Language;
  /** Changed lines that are not blank. */
  lines: number;
  /** A few lines in the place of others, read by a parser on both sides, no offered name touched. */
  bounded: boolean;
}

/** What one file's change needs, from its place, its syntax and its changed lines. */
export async function judgeFile(file: ChangedFile, contents: Contents, budget: Budget): Promise<Judgement> {
  const raised: Reason[] = [...pathReasons(file), ...modeReasons(file)];
  const nothing = { raised, harmless: null, language: languageOf(file.path), lines: 0, bounded: false };
  const raise = (asked: "SECURITY" | "COMPLEX", rule: string, evidence: string) =>
    raised.push({ class: asked, origin: "content", rule, file: file.path, evidence });

  if (file.kind === "submodule") {
    raise(
      "SECURITY",
      "dependency",
      `submodule ${shownPath(file.path)} now at ${file.newId?.slice(0, 12) ?? "nothing"}`,
    );
    return nothing;
  }
  if (file.kind === "symlink") {
    const target = contents.head?.toString("utf8") ?? "";
    const outside = target.startsWith("/") || target.includes("..") || /^[A-Za-z]:/.test(target);
    raise(
      outside ? "SECURITY" : "COMPLEX",
      "symlink",
      quote(`${shownPath(file.path)} points to ${target || "nothing"}`),
    );
    return nothing;
  }
  if (file.kind === "binary") {
    if (contents.head !== null && file.newMode !== "100755" && isPicture(file.path, contents.head))
      return { ...nothing, harmless: proved(file, "picture", "is a picture or a font by its first bytes") };
    const runs =
      file.newMode === "100755" ||
      /\.(?:so|dll|dylib|exe|jar|war|class|pyc|wasm|node|bin|o|a|apk|deb|rpm|whl|gz|tgz|zip|xz|7z)$/i.test(
        file.path,
      );
    raise(runs ? "SECURITY" : "COMPLEX", "binary", `${shownPath(file.path)} is binary and can't be read`);
    return nothing;
  }
  if (file.generated === "lock" || file.generated === "vendored" || file.generated === "minified")
    raise(
      "SECURITY",
      file.generated === "lock" ? "dependency" : "foreign-code",
      `${shownPath(file.path)} counts as ${file.generated}`,
    );
  else if (file.generated !== null)
    raise("COMPLEX", "generated", `${shownPath(file.path)} counts as generated`);

  if (file.status === "renamed" && file.oldId === file.newId) return renamed(file, nothing);

  const baseText = contents.base?.toString("utf8") ?? null;
  const headText = contents.head?.toString("utf8") ?? null;
  const language = languageOf(file.path, (headText ?? baseText ?? "").slice(0, 200).split("\n", 1)[0]);
  if (contents.unread) raise("COMPLEX", "unread", `${shownPath(file.path)} could not be read whole`);

  const { base, head } = contents.unread
    ? { base: null, head: null }
    : await parse(language, baseText, headText, budget);
  await breathe();
  const lines = changedLines(file, plain(baseText, base), plain(headText, head));
  const count = lines.filter((line) => line.text.trim() !== "").length;
  const judged = { raised, harmless: null, language, lines: count, bounded: false };
  await deceptiveReasons(file, raise);
  if (isManifest(file.path)) {
    raised.push(...(await manifestReasons(file, baseText, headText, lines)));
    return judged;
  }
  const trivial = await harmless(file, language, { base, head, baseText, headText }, lines);
  if (trivial) return { ...judged, harmless: trivial };
  if (file.kind === "generated" && !isCode(language)) return judged;

  const weakened = weakenedTests(file, language, lines);
  const test =
    head && headText !== null && !contents.unread
      ? testReason(file, language, withoutComments(headText, head.comments), head, lines)
      : null;
  raised.push(...weakened);
  raised.push(...(await lookOver(file, language, lines, budget, test !== null)));
  if (test) return { ...judged, harmless: raised.some((reason) => reason.class === "COMPLEX") ? null : test };

  const sensitive = isCode(language) || language.family === "config" ? sensitivePath(file) : null;
  if (sensitive) raised.push(sensitive);
  await breathe();
  if (isCode(language))
    raised.push(...removalReasons(file, lines, sensitive !== null), ...nestingReasons(file, lines));
  suppressionReasons(file, base, head, raise);
  if (file.status === "deleted" && isCode(language) && weakened.length === 0)
    raise("COMPLEX", "file-deleted", `${shownPath(file.path)} is deleted`);
  const signatures = base && head ? signatureReasons(file, base, head) : null;
  raised.push(...(signatures ?? []));
  if (/\.(?:h|hh|hpp|hxx|h\+\+|inl|ipp)$/i.test(file.path))
    raise("COMPLEX", "exported-signature", `${shownPath(file.path)} is a header: others compile it`);
  const bounded =
    file.status === "modified" &&
    count > 0 &&
    base !== null &&
    head !== null &&
    !looksLikeTest(file.path) &&
    (signatures !== null || language.family === "style") &&
    !file.hunks.some((hunk) => hunk.oldLines > 0 && hunk.newLines === 0);
  return { ...judged, bounded };
}

type Raise = (asked: "SECURITY" | "COMPLEX", rule: string, evidence: string) => void;

function proved(file: ChangedFile, rule: string, what: string): Reason {
  return {
    class: "ROUTINE",
    origin: "syntax",
    rule,
    file: file.path,
    evidence: `${shownPath(file.path)} ${what}`,
  };
}

function modeReasons(file: ChangedFile): Reason[] {
  const existed = file.status !== "added" && file.status !== "deleted";
  const changed = existed && file.oldMode !== file.newMode;
  const runs = file.status === "added" && file.newMode === "100755";
  if (!changed && !runs && file.status !== "type-changed") return [];
  const evidence = runs
    ? `${shownPath(file.path)} is executable`
    : `${shownPath(file.path)}: mode ${file.oldMode} became ${file.newMode}`;
  return [{ class: "COMPLEX", origin: "content", rule: "mode", file: file.path, evidence }];
}

/** A move without an edit. Another extension or another kind of place changes what the file is to the tools. */
function renamed(file: ChangedFile, judgement: Judgement): Judgement {
  const from = file.oldPath ?? file.path;
  const extension = (path: string) =>
    path
      .slice(path.lastIndexOf("/") + 1)
      .replace(/^[^.]*/, "")
      .toLowerCase();
  const same =
    extension(from) === extension(file.path) &&
    looksLikeTest(from) === looksLikeTest(file.path) &&
    isProse(from) === isProse(file.path) &&
    file.oldMode === file.newMode;
  const sensitive = sensitivePath(file);
  if (sensitive && isCode(judgement.language)) judgement.raised.push(sensitive);
  return {
    ...judgement,
    harmless: same ? proved(file, "rename", `is ${shownPath(from)}, unchanged`) : null,
  };
}

async function parse(
  language: Language,
  baseText: string | null,
  headText: string | null,
  budget: Budget,
): Promise<{ base: Syntax | null; head: Syntax | null }> {
  const size = (baseText?.length ?? 0) + (headText?.length ?? 0);
  if (language.grammar === null || size > budget.parsed) return { base: null, head: null };
  budget.parsed -= size;
  return {
    base: baseText === null ? null : await readSyntax(language.grammar, baseText),
    head: headText === null ? null : await readSyntax(language.grammar, headText),
  };
}

function plain(text: string | null, syntax: Syntax | null): string | null {
  return text === null || syntax === null ? null : withoutComments(text, syntax.comments);
}

interface Sides {
  base: Syntax | null;
  head: Syntax | null;
  baseText: string | null;
  headText: string | null;
}

/** What shows that nothing a machine acts on has changed. */
async function harmless(
  file: ChangedFile,
  language: Language,
  { base, head, baseText, headText }: Sides,
  lines: readonly ChangedLine[],
): Promise<Reason | null> {
  const docs = docsReason(file, headText, lines);
  if (docs) return docs;
  if (file.status !== "modified" && file.status !== "renamed") return null;
  if (base && head && base.code === head.code) {
    const texts = (syntax: Syntax) => syntax.comments.map((comment) => comment.text.replace(/\s+/g, " "));
    return isDeepStrictEqual(texts(base), texts(head))
      ? proved(file, "formatting", "has the same syntax tree and comments as before")
      : proved(file, "comments", "has the same syntax tree as before, comments aside");
  }
  if (language.family !== "config" || baseText === null || headText === null) return null;
  return (await sameData(file.path, baseText, headText))
    ? proved(file, "formatting", "holds the same values as before")
    : null;
}

/**
 * Signs in changed lines. Nobody's data hangs on a proved test: there only what could harm the machine it runs on
 * counts, and asks for a good reviewer, not for the security reviewers.
 */
async function lookOver(
  file: ChangedFile,
  language: Language,
  lines: readonly ChangedLine[],
  budget: Budget,
  test: boolean,
): Promise<Reason[]> {
  const found = new Map<string, Reason>();
  let open = signsFor(language.family).filter((sign) => !test || sign.class === "SECURITY");
  const symbols = !test && (isCode(language) || language.family === "config");
  const add = (asked: "SECURITY" | "COMPLEX", rule: string, evidence: string) => {
    const reason: Reason = {
      class: test ? "COMPLEX" : asked,
      origin: "content",
      rule,
      file: file.path,
      evidence,
    };
    if (!found.has(rule)) found.set(rule, reason);
  };
  for (const line of lines) {
    await breathe();
    const text = line.text.slice(0, lineLimit);
    budget.characters -= text.length;
    if (line.text.length > lineLimit || budget.characters < 0) {
      // Code that nobody looked at may hold anything.
      add(
        isCode(language) ? "SECURITY" : "COMPLEX",
        "unread",
        `${shownPath(file.path)} could not be read whole`,
      );
      if (budget.characters < 0) break;
    }
    if (text.trim() === "") continue;
    const sign = line.added ? "+" : "-";
    for (const { rule, class: asked, what, pattern } of open) {
      if (pattern.test(text)) add(asked, rule, quote(`${what}: ${sign} ${text.trim()}`));
    }
    if (found.size > 0) open = open.filter(({ rule }) => !found.has(rule));
    if (symbols && !found.has("sensitive-symbol")) {
      const name = sensitiveIdentifier(text);
      if (name !== null)
        add("SECURITY", "sensitive-symbol", quote(`${name.slice(0, 60)}: ${sign} ${text.trim()}`));
    }
  }
  return [...found.values()];
}

/** What counts in every file, comments and documentation included. */
async function deceptiveReasons(file: ChangedFile, raise: Raise): Promise<void> {
  let read = 0;
  let secret = false;
  let hidden = false;
  for (const hunk of file.hunks) {
    let number = hunk.newStart;
    for (const line of hunk.lines) {
      if (!line.startsWith("+")) continue;
      await breathe();
      const text = line.slice(1, lineLimit);
      read += text.length;
      if (read > 2_000_000) return;
      if (!hidden && isDeceptive(text, number === 1)) {
        hidden = true;
        raise(
          "SECURITY",
          "deceptive-text",
          quote(`line ${number} holds characters that hide or reorder text: ${text}`),
        );
      }
      if (!secret && holdsSecret(text)) {
        secret = true;
        raise("SECURITY", "secret", quote(`line ${number} holds what looks like a key: ${text}`));
      }
      number++;
    }
  }
}

/** Comments that tell a tool to look away, or to do something else, that came or went. */
function suppressionReasons(file: ChangedFile, base: Syntax | null, head: Syntax | null, raise: Raise): void {
  if (head !== null && (base !== null || file.status === "added")) {
    const before = directives(base);
    const after = directives(head);
    const changed = [
      ...after.filter((text) => !before.includes(text)),
      ...before.filter((text) => !after.includes(text)),
    ];
    const [first] = changed.sort((a, b) => Number(isSecurityDirective(b)) - Number(isSecurityDirective(a)));
    if (first !== undefined)
      raise(isSecurityDirective(first) ? "SECURITY" : "COMPLEX", "check-suppressed", quote(first));
    else if (before.length !== after.length)
      raise("COMPLEX", "check-suppressed", `${before.length} directives became ${after.length}`);
    return;
  }
  for (const hunk of file.hunks) {
    for (const line of hunk.lines) {
      const comment = /(?:\/\/|\/\*|#|--|<!--)[^\n]{0,400}/.exec(line.slice(0, lineLimit))?.[0];
      if (comment !== undefined && isSecurityDirective(comment)) {
        raise("SECURITY", "check-suppressed", quote(line));
        return;
      }
    }
  }
}

function directives(syntax: Syntax | null): string[] {
  return (syntax?.comments ?? []).map(({ text }) => text).filter(isDirective);
}

/** Lines that stay and now stand deeper, shallower or elsewhere: they run under other conditions. */
function nestingReasons(file: ChangedFile, lines: readonly ChangedLine[]): Reason[] {
  const removed = new Set(lines.filter((line) => !line.added).map((line) => line.text.trim()));
  const moved = lines.find((line) => line.added && /\w/.test(line.text) && removed.has(line.text.trim()));
  if (moved === undefined) return [];
  return [
    { class: "COMPLEX", origin: "content", rule: "nesting", file: file.path, evidence: quote(moved.text) },
  ];
}

/** What others rely on and now get differently; null for a language of which that is not read. */
function signatureReasons(file: ChangedFile, base: Syntax, head: Syntax): Reason[] | null {
  if (base.exports === null || head.exports === null) return null;
  const reasons: Reason[] = [];
  for (const name of new Set([...base.exports.keys(), ...head.exports.keys()])) {
    const was = base.exports.get(name)?.signature;
    const is = head.exports.get(name)?.signature;
    if (was === is) continue;
    const what = was === undefined ? "is new" : is === undefined ? "is gone" : "has another signature";
    reasons.push({
      class: "COMPLEX",
      origin: "content",
      rule: "exported-signature",
      file: file.path,
      evidence: quote(`${name} ${what}${is === undefined ? "" : `: ${is}`}`),
    });
  }
  return reasons;
}
