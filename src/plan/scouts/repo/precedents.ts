import { posix } from "node:path";
import { byteStrings, textOf } from "../../../change/bytes.js";
import { git } from "../../../change/git.js";
import { append } from "../../../change/imports/tree-index.js";
import { isSluiceError } from "../../../errors.js";
import { newMark } from "../../../fence.js";
import type { Ground } from "../ground.js";
import { type Fact, quoted } from "../scout.js";

/** How often a kind of thing has to be there to be a kind. */
const leastSiblings = 4;
const mostFamilies = 2;
const timeLimit = 5_000;

/**
 * How such a thing is laid out here, and what else was touched when the last one was added: the folders that the
 * best files are in, as far as they hold many alike.
 */
export async function precedents(
  ground: Ground,
  files: readonly string[],
  signal: AbortSignal,
): Promise<Fact[]> {
  const facts: Fact[] = [];
  const families = new Map<string, string>();
  const seen = new Map<string, Addition>();
  for (const path of files.slice(0, 3)) {
    for (const family of [posix.dirname(posix.dirname(path)), posix.dirname(path)]) {
      if (family !== "." && family !== "/" && !families.has(family)) families.set(family, path);
    }
  }
  for (const [folder, example] of families) {
    if (facts.length >= mostFamilies * 2) break;
    const layout = layoutOf(ground, folder, example);
    if (layout === null) continue;
    facts.push(layout.fact, ...(await lastAdded(ground, { folder, isNew: layout.isNew, seen, signal })));
  }
  return facts;
}

interface Family {
  fact: Fact;
  /** Whether a path is what makes a new member of it. */
  isNew(path: string): boolean;
}

/** `src/middleware/` holds 26 folders, nearly all with `index.ts` and `index.test.ts`. */
function layoutOf({ survey }: Ground, folder: string, example: string): Family | null {
  const children = new Map<string, string[]>();
  const own: string[] = [];
  for (const { path } of survey.files) {
    if (!path.startsWith(`${folder}/`)) continue;
    const rest = path.slice(folder.length + 1);
    const slash = rest.indexOf("/");
    if (slash < 0) own.push(rest);
    else append(children, rest.slice(0, slash), rest.slice(slash + 1));
  }
  const inFolder = example.slice(folder.length + 1).includes("/");
  if (inFolder) {
    if (children.size < leastSiblings) return null;
    const names = new Map<string, number>();
    for (const [child, inside] of children)
      for (const name of new Set(inside.map((one) => one.replaceAll(child, "<name>"))))
        names.set(name, (names.get(name) ?? 0) + 1);
    const usual = [...names]
      .filter(([, count]) => count >= children.size * 0.6)
      .sort((one, other) => other[1] - one[1]);
    if (usual.length === 0) return null;
    const [main = ""] = usual[0] ?? [];
    const fact: Fact = {
      section: "Project Conventions",
      text: `${folder}/ has ${children.size} folders of one kind; most hold ${usual
        .slice(0, 4)
        .map(([name, count]) => `${name} (${count})`)
        .join(", ")}, as ${posix.dirname(example)}/ does`,
      files: [example],
      source: `${folder}/`,
    };
    const isNew = (path: string) => {
      const [child = "", ...rest] = path.slice(folder.length + 1).split("/");
      return path.startsWith(`${folder}/`) && rest.join("/").replaceAll(child, "<name>") === main;
    };
    return { fact, isNew };
  }
  const extension = posix.extname(example);
  const alike = own.filter((name) => posix.extname(name) === extension);
  if (alike.length < leastSiblings * 2) return null;
  const fact: Fact = {
    section: "Project Conventions",
    text: `${folder}/ has ${alike.length} ${extension} files side by side, one for each thing of its kind: ${alike.slice(0, 4).join(", ")}, …`,
    files: [example],
    source: `${folder}/`,
  };
  return { fact, isNew: (path) => posix.dirname(path) === folder && posix.extname(path) === extension };
}

/**
 * The commit that last added a file to a folder, with all it touched: what has to be changed beside it.
 *
 * @param seen commits that were looked at for another folder: the same often added to several
 */
async function lastAdded(
  { project, has }: Ground,
  {
    folder,
    isNew,
    seen,
    signal,
  }: { folder: string; isNew: Family["isNew"]; seen: Map<string, Addition>; signal: AbortSignal },
): Promise<Fact[]> {
  const mark = newMark([]);
  const limits = { signal, timeout: timeLimit, allowFailure: true, maxOutput: 1024 * 1024, truncate: true };
  const quiet = ["--no-show-signature", "--no-notes", "--no-mailmap", "--no-ext-diff", "--encoding=UTF-8"];
  const common = ["-z", "--no-merges", "--find-renames", ...quiet, `--format=${mark}%H %s`];
  try {
    const log = await git(
      project.repository,
      ["log", "-n", "20", "--diff-filter=A", "--name-only", ...common, "--", folder],
      limits,
    );
    const commits = byteStrings(log.stdout)
      .filter((piece) => piece.startsWith(mark))
      .map((piece) => piece.slice(mark.length).split(" ")[0] ?? "")
      .filter((id) => /^[0-9a-f]{40,64}$/.test(id));
    const unseen = commits.filter((id) => !seen.has(id));
    if (unseen.length > 0) {
      const args = ["log", "--no-walk=unsorted", "--name-status", ...common, ...unseen, "--"];
      const shown = await git(project.repository, args, limits);
      for (const addition of read(byteStrings(shown.stdout), mark)) seen.set(addition.id, addition);
    }
    const additions = commits.flatMap((id) => seen.get(id) ?? []);
    return bestPrecedent(additions, folder, isNew, has);
  } catch (error) {
    signal.throwIfAborted();
    // A history that is too long or too far away to be walked in that time.
    if (isSluiceError(error)) return [];
    throw error;
  }
}

interface Addition {
  id: string;
  subject: string;
  touched: { status: string; path: string }[];
}

function read(pieces: readonly string[], mark: string): Addition[] {
  const found: Addition[] = [];
  for (let at = 0; at < pieces.length; at += 1) {
    const piece = (pieces[at] ?? "").replace(/^\n/, "");
    if (piece.startsWith(mark)) {
      const line = textOf(piece.slice(mark.length));
      const space = line.indexOf(" ");
      found.push({ id: line.slice(0, space), subject: line.slice(space + 1), touched: [] });
    } else if (/^[A-Z]\d*$/.test(piece)) {
      // A rename names two.
      if (/^[RC]/.test(piece)) at += 1;
      at += 1;
      found.at(-1)?.touched.push({ status: piece.slice(0, 1), path: textOf(pieces[at] ?? "") });
    }
  }
  return found;
}

/** The newest that is about one thing, not a move of everything. */
function bestPrecedent(
  additions: readonly Addition[],
  folder: string,
  isNew: Family["isNew"],
  has: (path: string) => boolean,
): Fact[] {
  const [best] = additions.filter(
    ({ touched }) =>
      touched.length >= 2 &&
      touched.length <= 30 &&
      touched.some(({ status, path }) => status === "A" && isNew(path)),
  );
  if (best === undefined) return [];
  const added = best.touched
    .filter(({ status, path }) => status === "A" && has(path))
    .map(({ path }) => path);
  const changed = best.touched
    .filter(({ status, path }) => status === "M" && has(path))
    .map(({ path }) => path);
  if (added.length === 0) return [];
  const list = (paths: readonly string[]) =>
    `${paths.slice(0, 6).join(", ")}${paths.length > 6 ? `, and ${paths.length - 6} more` : ""}`;
  return [
    {
      section: "Project Conventions",
      text: `The last one added to ${folder}/ came with commit ${best.id.slice(0, 9)} ${quoted(best.subject, 80)}: added ${list(added)}${changed.length === 0 ? "" : `; changed ${list(changed)}`}`,
      files: [...added, ...changed].slice(0, 12),
      source: `commit ${best.id.slice(0, 9)}`,
    },
  ];
}
