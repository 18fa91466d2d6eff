// What was measured so far, one JSON line each, so that a run can be stopped at any time and taken up again.
import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Opens a folder of results. `head` says what is measured with what: results of something else are never mixed with
 * these. Throws an Error when there are results and `resume` is not asked for, or when they are of something else.
 */
export function openRecords(folder, head, resume) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "records.jsonl");
  const known = existsSync(file) ? readLines(file) : [];
  if (known.length > 0) {
    if (!resume) throw new Error(`${folder} has results already: give --resume to go on, or another --out`);
    const other = Object.keys(head).filter(
      (key) => JSON.stringify(known[0][key]) !== JSON.stringify(head[key]),
    );
    if (known[0].kind !== "head" || other.length > 0)
      throw new Error(
        `${folder} has results of something else (${other.join(", ")} differ): give another --out`,
      );
  } else {
    writeFileSync(file, `${JSON.stringify({ kind: "head", ...head })}\n`);
  }
  const records = new Map(known.slice(1).map((record) => [`${record.kind} ${record.id}`, record]));
  return {
    get: (kind, id) => records.get(`${kind} ${id}`),
    all: (kind) => [...records.values()].filter((record) => record.kind === kind),
    add(record) {
      appendFileSync(file, `${JSON.stringify(record)}\n`);
      records.set(`${record.kind} ${record.id}`, record);
      return record;
    },
  };
}

/** All whole lines; half a line at the end, of a process that was killed while writing, is cut off. */
function readLines(file) {
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(file, end);
  return bytes
    .toString("utf8", 0, end)
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}
