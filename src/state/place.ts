import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { git } from "../change/git.js";
import type { Repository } from "../change/types.js";
import { kindOf, readRegularFile, replaceFile } from "../durable-file.js";
import { messageOf } from "../errors.js";
import type { Sluice } from "../sluice.js";

/** Sluice's state files, in the state folder itself; all else of ours is below `cache/` there. */
export const stateFiles = ["review_state.json", "quota_state.json", "metrics.json"] as const;
export type StateFile = (typeof stateFiles)[number];

/** Folders of ours in the state folder, outer before inner. */
export const stateFolders = ["cache", "cache/locks", "cache/tmp", "cache/results", "cache/metrics"] as const;

const ignoreLines = [
  "# Sluice's state: for this machine only.",
  "/review_state.json*",
  "/quota_state.json*",
  "/metrics.json*",
  "/cache/",
];

const largestIgnoreFile = 1024 * 1024;

export interface Place {
  /** Absolute. */
  directory: string;
  /** True when it is a `.flow/`, whose state has to be kept out of git. */
  flow: boolean;
  commonDir: string;
  /** The repository's main work tree; null when it has none. */
  top: string | null;
  /** Where the state was before there was a `.flow/`; null when `directory` is that place. */
  earlier: string | null;
  /** False when nothing can be kept there. */
  usable: boolean;
  warnings: string[];
}

/**
 * Where a repository's state is: the main worktree's `.flow/` when there is one that can be trusted not to lead
 * elsewhere and of which git tracks no state, else `sluice/` in the git common directory.
 */
export async function findPlace(
  sluice: Sluice,
  repository: Repository,
  signal?: AbortSignal,
): Promise<Place> {
  const warnings: string[] = [];
  const common = join(repository.commonDir, "sluice");
  const { mainRoot } = repository;
  if (mainRoot !== null) {
    const flow = join(mainRoot, ".flow");
    const kind = await kindOf(flow);
    if (kind === "folder") {
      const obstacle = (await strangeEntry(flow)) ?? (await trackedState(sluice, mainRoot, signal));
      if (obstacle === null)
        return {
          directory: flow,
          flow: true,
          commonDir: repository.commonDir,
          top: mainRoot,
          earlier: common,
          usable: true,
          warnings,
        };
      warnings.push(`${obstacle} It is ignored; Sluice keeps its state in ${common}.`);
    } else if (kind !== "absent") {
      const what = kind === "link" ? "a symbolic link" : "not a folder";
      warnings.push(`${flow} is ${what}. It is not used; Sluice keeps its state in ${common}.`);
    }
  }
  const commonKind = await kindOf(common);
  const strange =
    commonKind === "absent" || commonKind === "folder"
      ? await strangeEntry(common)
      : `${common} is not a folder.`;
  if (strange !== null) warnings.push(`${strange} Sluice's state is not kept.`);
  return {
    directory: common,
    flow: false,
    commonDir: repository.commonDir,
    top: mainRoot,
    earlier: null,
    usable: strange === null,
    warnings,
  };
}

/**
 * Where what is kept for all repositories of a user is; not used when it leads elsewhere.
 *
 * @param directory absolute
 */
export async function findUserPlace(directory: string): Promise<Place> {
  const kind = await kindOf(directory);
  const strange =
    kind === "absent" || kind === "folder" ? await strangeEntry(directory) : `${directory} is not a folder.`;
  return {
    directory,
    flow: false,
    commonDir: directory,
    top: null,
    earlier: null,
    usable: strange === null,
    warnings: strange === null ? [] : [`${strange} The quota of all repositories is not kept.`],
  };
}

interface IgnoreFile {
  path: string;
  /** The state folder as this file's patterns see it. */
  prefix: string;
  /** Where to write it before it is put in place. */
  beside: string;
}

const inFlow = (directory: string): IgnoreFile => ({
  path: join(directory, ".gitignore"),
  prefix: "",
  beside: join(directory, "cache", "tmp"),
});
const inGit = (commonDir: string): IgnoreFile => ({
  path: join(commonDir, "info", "exclude"),
  prefix: "/.flow",
  beside: join(commonDir, "info"),
});

/** True when git ignores the state in a `.flow/`. */
export async function isKeptOutOfGit({
  directory,
  commonDir,
}: Pick<Place, "directory" | "commonDir">): Promise<boolean> {
  for (const file of [inFlow(directory), inGit(commonDir)]) {
    const content = await readRegularFile(file.path, largestIgnoreFile);
    if (content.state === "read" && missingLines(content.text, file.prefix).length === 0) return true;
  }
  return false;
}

/**
 * Adds our lines to `.flow/.gitignore`, below what is there (flowctl keeps a block at the top), unless they are there
 * already. That changes the working tree: for `sluice init` only. Gives a warning when it was not possible.
 */
export function ignoreInFlow(directory: string): Promise<string | null> {
  return addLines(inFlow(directory));
}

/**
 * The same in git's own place for what one user's tools leave behind (`info/exclude`), where it shows in no work tree:
 * a tool that only writes down a verdict must not make the tree dirty.
 */
export async function excludeInGit(commonDir: string): Promise<string | null> {
  const file = inGit(commonDir);
  try {
    await mkdir(file.beside, { recursive: true });
  } catch (error) {
    return cannotWrite(file.path, error);
  }
  return addLines(file);
}

async function addLines({ path, prefix, beside }: IgnoreFile): Promise<string | null> {
  const content = await readRegularFile(path, largestIgnoreFile);
  if (content.state === "refused") {
    return `${path}: ${content.why}, so Sluice's state files in .flow/ may show up in git status.`;
  }
  const text = content.state === "read" ? content.text : "";
  const missing = missingLines(text, prefix);
  if (missing.length === 0) return null;
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const gap = text === "" || text.endsWith("\n") ? "" : end;
  try {
    await replaceFile(path, `${text}${gap}${missing.join(end)}${end}`, { beside, mode: 0o644 });
    return null;
  } catch (error) {
    return cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): string {
  return `${path} can't be written (${messageOf(error)}), so Sluice's state files in .flow/ may show up in git status.`;
}

function missingLines(text: string, prefix: string): string[] {
  const present = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  const wanted = ignoreLines.map((line) => (line.startsWith("#") ? line : `${prefix}${line}`));
  const missing = wanted.filter((line) => !present.has(line));
  return missing.every((line) => line.startsWith("#")) ? [] : missing;
}

/** What is at one of our own paths and is not ours: a link there would make us write elsewhere. */
async function strangeEntry(directory: string): Promise<string | null> {
  for (const name of stateFolders) {
    const kind = await kindOf(join(directory, name));
    if (kind === "link" || kind === "file" || kind === "other") {
      return `${join(directory, name)} is ${kind === "link" ? "a symbolic link" : "not a folder"}.`;
    }
  }
  for (const name of stateFiles) {
    const kind = await kindOf(join(directory, name));
    if (kind === "link" || kind === "folder" || kind === "other") {
      return `${join(directory, name)} is ${kind === "link" ? "a symbolic link" : "not a regular file"}.`;
    }
  }
  return null;
}

/**
 * A state file that git tracks came with the repository: whoever wrote it may have written a verdict into it. The
 * same goes for a `.flow/` that is a submodule, whose files this repository's git does not list.
 */
async function trackedState(sluice: Sluice, mainRoot: string, signal?: AbortSignal): Promise<string | null> {
  const own = join(mainRoot, ".flow", ".git");
  if ((await kindOf(own)) !== "absent") return `${join(mainRoot, ".flow")} is a git repository of its own.`;
  const paths = [...stateFiles, "cache"].map((name) => `.flow/${name}`);
  const result = await git(mainRoot, ["ls-files", "-z", "--", ...paths], {
    environment: sluice.env,
    // On a file system without case, `.flow/Review_State.json` is the same file.
    env: { GIT_LITERAL_PATHSPECS: undefined, GIT_ICASE_PATHSPECS: "1" },
    timeout: 30_000,
    signal,
    maxOutput: 64 * 1024,
    truncate: true,
    allowFailure: true,
  });
  if (result.code !== 0) return `git could not say which files it tracks in ${mainRoot}/.flow.`;
  const first = result.stdout.toString("utf8").split("\0")[0];
  return first === undefined || first === "" ? null : `${join(mainRoot, first)} is tracked by git.`;
}
