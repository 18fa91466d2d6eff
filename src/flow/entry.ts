import { UsageError } from "../errors.js";
import type { Sluice } from "../sluice.js";
import type { PreparedMemory } from "./hand.js";
import { slugOf } from "./ids.js";

/** Now, as flowctl writes it: UTC with microseconds. */
export function flowNow(sluice: Sluice): string {
  return new Date(sluice.clock()).toISOString().replace(/Z$/, "000Z");
}

/** What flowctl's `problem_type` says for a category of bugs. */
const problemTypes: Readonly<Record<string, string>> = {
  "build-errors": "build-error",
  "test-failures": "test-failure",
  "runtime-errors": "runtime-error",
};

/** A memory entry as flowctl's `memory add` writes it. `folder` is relative to `.flow/`. */
export function memoryFile(
  entry: PreparedMemory,
  sluice: Sluice,
): { folder: string; slug: string; date: string; text: string } {
  const slug = slugOf(entry.title);
  if (slug === "") {
    throw new UsageError(
      "The title has no letters of which a file name could be made.",
      "Pass a title with some words in ASCII letters.",
    );
  }
  const date = flowNow(sluice).slice(0, 10);
  const fields: [string, string][] = [
    ["title", scalar(entry.title)],
    ["date", quoted(date)],
    ["track", entry.track],
    ["category", entry.category],
  ];
  if (entry.module) fields.push(["module", scalar(entry.module)]);
  if (entry.tags !== undefined && entry.tags.length > 0) {
    fields.push(["tags", `[${entry.tags.map(scalar).join(", ")}]`]);
  }
  if (entry.track === "bug") {
    fields.push(
      ["problem_type", problemTypes[entry.category] ?? entry.category],
      ["symptoms", scalar(entry.title)],
      ["root_cause", "(unspecified)"],
      ["resolution_type", "fix"],
    );
  } else fields.push(["applies_when", scalar(entry.title)]);
  const front = fields.map(([key, value]) => `${key}: ${value}`).join("\n");
  const body = entry.text.replace(/\n+$/, "");
  return {
    folder: `memory/${entry.track}/${entry.category}`,
    slug,
    date,
    text: `---\n${front}\n---\n\n${body === "" ? "" : `${body}\n`}`,
  };
}

const reserved =
  /^(?:null|Null|NULL|~||true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF)$/;

/** A YAML scalar, quoted where flowctl quotes. */
function scalar(text: string): string {
  const needsQuotes =
    reserved.test(text) ||
    /^[+-]?(?:\d+|\d*\.\d+(?:[eE][+-]?\d+)?)$/.test(text) ||
    /[,[\]{}]|: |:$|\s#/.test(text) ||
    text !== text.trim() ||
    /^[-?](?: |$)/.test(text) ||
    /^[#'"&*!|>%@`]/.test(text);
  return needsQuotes ? quoted(text) : text;
}

function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
