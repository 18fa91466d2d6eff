/**
 * Ids as flowctl reads them: `fn-1`, `fn-1-add-login` and a tracker's `wor-17`, `wor-17-fix` for specs, each with
 * `.M` for a task.
 */
export interface FlowId {
  /** `fn`, or a tracker's key: `wor`. */
  key: string;
  number: number;
  /** Null for a spec. */
  task: number | null;
  /** The part before the point. */
  spec: string;
}

const native = /^fn-(\d+)(?:-[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)?(?:\.(\d+))?$/;
const tracker = /^([a-z][a-z0-9]{0,9})-(\d+)(?:-[a-z0-9][a-z0-9-]*)?(?:\.(\d+))?$/;
const longest = 200;

/** Null for what is no id. */
export function parseFlowId(text: string): FlowId | null {
  if (text.length > longest) return null;
  const own = native.exec(text);
  const match = own === null ? tracker.exec(text) : null;
  const [key, number, task] =
    own !== null ? ["fn", own[1], own[2]] : [match?.[1] ?? "", match?.[2], match?.[3]];
  if (number === undefined || key === "" || (key === "fn" && own === null)) return null;
  const [spec = text] = text.split(".");
  return { key, number: Number(number), task: task === undefined ? null : Number(task), spec };
}

export function isSpecId(text: string): boolean {
  return parseFlowId(text)?.task === null;
}

export function isTaskId(text: string): boolean {
  return typeof parseFlowId(text)?.task === "number";
}

/** Order of flowctl's lists: native before trackers', then by key, number, task and, where all that is equal, text. */
export function compareIds(one: string, other: string): number {
  const [left, right] = [parseFlowId(one), parseFlowId(other)];
  if (left === null || right === null) {
    return Number(left === null) - Number(right === null) || byText(one, other);
  }
  return (
    Number(left.key !== "fn") - Number(right.key !== "fn") ||
    byText(left.key, right.key) ||
    left.number - right.number ||
    (left.task ?? 0) - (right.task ?? 0) ||
    byText(one, other)
  );
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * The part of an id or file name that a title gives: ASCII letters, digits and `-`, at most 40 characters cut at a
 * word (flowctl's `slugify`). Empty when nothing is left of the title.
 */
export function slugOf(title: string): string {
  const text = title
    .normalize("NFKD")
    .replace(/[^\p{ASCII}]/gu, "")
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replaceAll("_", " ")
    .replace(/[-\s]+/g, "-")
    .replace(/^-+|-+$/g, "");
  if (text.length <= 40) return text;
  const cut = text.slice(0, 40);
  const end = cut.lastIndexOf("-");
  return (end === -1 ? cut : cut.slice(0, end)).replace(/^-+|-+$/g, "");
}
