import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Change, TreeEntry } from "../change/types.js";
import { isSluiceError, messageOf } from "../errors.js";
import { makeTemporary, removeTemporary } from "../temporary.js";
import { linkInstalled } from "./installed.js";
import { isTooLarge, layOut } from "./laid-out.js";

/** The base of a change as files in a folder of its own, beside the dependencies installed in the work tree. */
export interface Baseline {
  folder: string;
  /** For what a check would otherwise leave in the project: build output that must not mix with head's. */
  scratch: string;
  remove(): Promise<void>;
}

/** Lock files of what is installed into the project's folder and so is there once only, for head. */
const lockFiles =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|yarn\.lock|bun\.lockb?|poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|requirements[\w.-]*\.txt)$/;
const manifests = /(^|\/)(package\.json|pyproject\.toml|setup\.(py|cfg))$/;

/**
 * Writes the base tree to a temporary folder, with links to the dependencies that are installed in the work tree.
 * Gives a reason instead when a check there would not say anything about base.
 */
export async function makeBaseline(
  change: Change,
  temporary: string | undefined,
): Promise<Baseline | { reason: string }> {
  const [base, head] = [await change.objects.tree("base"), await change.objects.tree("head")];
  if (isTooLarge(base)) return { reason: "base is too large to be checked on the side" };
  if (dependenciesDiffer(base, head)) return { reason: "the change also changes dependencies" };
  const made = makeTemporary("base", temporary);
  const top = await realpath(made);
  const remove = () => removeTemporary(made);
  const folder = join(top, "tree");
  const scratch = join(top, "scratch");
  try {
    await mkdir(folder);
    await mkdir(scratch);
    await layOut(change, "base", folder);
    await linkInstalled(change.repository.root, base, folder);
    return { folder, scratch, remove };
  } catch (error) {
    await remove();
    if (isSluiceError(error) || isFileError(error))
      return { reason: `base could not be written to a temporary folder: ${messageOf(error)}` };
    throw error;
  }
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

function dependenciesDiffer(base: readonly TreeEntry[], head: readonly TreeEntry[]): boolean {
  const locks = signature(base, lockFiles);
  if (locks !== "" || signature(head, lockFiles) !== "") return locks !== signature(head, lockFiles);
  return signature(base, manifests) !== signature(head, manifests);
}

function signature(entries: readonly TreeEntry[], names: RegExp): string {
  return entries
    .filter((entry) => names.test(entry.path))
    .map((entry) => `${entry.path} ${entry.id}`)
    .sort()
    .join("\n");
}
