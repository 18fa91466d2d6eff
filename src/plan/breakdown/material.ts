import { posix } from "node:path";
import type { Hits } from "../../change/content.js";
import { relevantFiles } from "../../change/relevance.js";
import { mentionedPaths, type Survey } from "../../change/survey.js";
import { printable, printableLine } from "../../printable.js";
import type { ExistingTask } from "./settle.js";
import type { Requirement } from "./types.js";

export interface Material {
  title: string;
  markdown: string;
  requirements: readonly Requirement[];
  survey: Survey;
  /** Of the spec's words in the contents of files. */
  hits: Hits;
  existing: readonly ExistingTask[];
  testCommand: string | null;
  /** What scouts found; empty for nothing. */
  digest: string;
}

/** Characters. */
const room = { spec: 24_000, digest: 6_000 };
const mostFiles = 60;

/** What a model is shown to break a spec down, the same text for the same repository and spec. */
export function materialText(material: Material): string {
  const { title, markdown, requirements, survey, hits, existing, testCommand, digest } = material;
  const text = `${title}\n${markdown}`;
  const named = mentionedPaths(survey, text).found;
  const relevant = relevantFiles(survey, text, { limit: mostFiles, hits }).map(({ path }) => path);
  const files = [...new Set([...named, ...relevant])].slice(0, mostFiles);
  const folders = [...new Set(files.map((file) => posix.dirname(file)))]
    .filter((folder) => folder !== ".")
    .sort();
  const parts = [
    `== Spec: ${printableLine(title)}`,
    cut(printable(markdown), room.spec),
    "== Requirements",
    requirements.map(({ id, text: one, done }) => `${id}: ${one}${done ? " (done)" : ""}`).join("\n") ||
      "(none are written down)",
    "== Files",
    files.map(printableLine).join("\n") || "(none are known)",
    "== Folders",
    folders.map(printableLine).join("\n") || "(only the top)",
    ...(testCommand === null ? [] : ["== Tests run with", testCommand]),
    ...(existing.length === 0
      ? []
      : [
          "== Tasks that exist already",
          existing.map(({ id, title: one }) => `${id}: ${printableLine(one)}`).join("\n"),
        ]),
    ...(digest === "" ? [] : ["== What scouts found", cut(printable(digest), room.digest)]),
  ];
  return parts.join("\n\n");
}

function cut(text: string, limit: number): string {
  return text.length <= limit
    ? text
    : `${text.slice(0, limit).replace(/[\ud800-\udbff]$/, "")}\n[… ${text.length - limit} more characters]`;
}
