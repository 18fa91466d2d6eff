import type { Proposal, Size } from "./types.js";
import { sizes } from "./types.js";

/** What one worker with a fresh context can hold: beyond it a task is split. */
const most = { files: 8, acceptance: 7 };
const small = { files: 3, acceptance: 3 };

/** The larger of what is claimed and what the task itself shows. */
export function sizeOf(claimed: Size, files: number, acceptance: number): Size {
  const shown: Size =
    files > most.files || acceptance > most.acceptance
      ? "L"
      : files > small.files || acceptance > small.acceptance
        ? "M"
        : "S";
  return sizes.indexOf(shown) > sizes.indexOf(claimed) ? shown : claimed;
}

/**
 * A task that is too large for one worker, in parts by its acceptance, each after the one before; itself alone when it
 * has too little to be split by. `dependsOn` of the others is renumbered by the caller.
 */
export function split(proposal: Proposal): Proposal[] {
  const size = sizeOf(proposal.size, proposal.files.length, proposal.acceptance.length);
  if (size === "S" || size === "M") return [proposal];
  const byAcceptance = Math.ceil(proposal.acceptance.length / most.acceptance);
  const parts = Math.min(
    Math.max(size === "XL" ? 3 : 2, byAcceptance),
    Math.floor(proposal.acceptance.length / 2),
    6,
  );
  if (parts < 2) return [proposal];
  const each = Math.ceil(proposal.acceptance.length / parts);
  const count = Math.ceil(proposal.acceptance.length / each);
  return Array.from({ length: count }, (_, part): Proposal => {
    const acceptance = proposal.acceptance.slice(part * each, (part + 1) * each);
    const whole = proposal.files.length <= most.files;
    return {
      ...proposal,
      title: `${proposal.title} (${part + 1} of ${count})`,
      size: "M",
      acceptance,
      files: whole ? proposal.files : filesFor(proposal.files, acceptance, part, count),
    };
  });
}

/** The files that a part's criteria name, else its share of them in order. */
function filesFor(
  files: readonly string[],
  acceptance: readonly string[],
  part: number,
  parts: number,
): string[] {
  const text = acceptance.join("\n");
  const named = files.filter((file) => text.includes(file.slice(file.lastIndexOf("/") + 1)));
  const each = Math.ceil(files.length / parts);
  return [...new Set([...named, ...files.slice(part * each, (part + 1) * each)])].slice(0, most.files);
}
