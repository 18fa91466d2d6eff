import type { Repository } from "../change/types.js";
import type { Config } from "../config/schema.js";
import { findFlowRoot, mapSome, Reading } from "./files.js";
import { linesOf, listField, readFrontmatter, splitFrontmatter, textField } from "./markdown.js";
import type { FlowProblem, MemoryEntry } from "./types.js";

/** flow-next's categories by track. */
export const memoryCategories = {
  bug: [
    "build-errors",
    "test-failures",
    "runtime-errors",
    "performance",
    "security",
    "integration",
    "data",
    "ui",
  ],
  knowledge: [
    "architecture-patterns",
    "conventions",
    "tooling-decisions",
    "workflow",
    "best-practices",
    "decisions",
  ],
} as const;

const flatFiles = ["pitfalls", "conventions", "decisions"] as const;
const mostEntries = 5_000;

/**
 * The project's memory, newest first: the flat files of flow-next 0.26 and the tree of later ones. Empty when there is
 * none, or when `memory.enabled` is false. What can't be read is left out; `problems` gets to know.
 */
export async function readMemory(
  repository: Repository,
  config: Config,
  signal?: AbortSignal,
  problems?: FlowProblem[],
): Promise<MemoryEntry[]> {
  if (!config.memory.enabled) return [];
  const found = await findFlowRoot(repository);
  if (found === null || "refused" in found) return [];
  const reading = new Reading(found.root, signal);
  // A link in place of the folder is a problem of `names`.
  const names = await reading.names(".flow/memory");
  const entries =
    names.length === 0 ? [] : [...(await readTree(reading)), ...(await readFlat(reading, names))];
  problems?.push(...reading.finish());
  return entries.sort((one, other) => {
    const [left, right] = [one.date ?? "", other.date ?? ""];
    return left < right ? 1 : left > right ? -1 : one.id < other.id ? -1 : 1;
  });
}

async function readTree(reading: Reading): Promise<MemoryEntry[]> {
  const files: { track: string; category: string; name: string }[] = [];
  for (const [track, categories] of Object.entries(memoryCategories)) {
    const there = await reading.names(`.flow/memory/${track}`);
    for (const category of categories) {
      if (!there.includes(category)) continue;
      const names = await reading.names(`.flow/memory/${track}/${category}`);
      files.push(
        ...names
          .filter((name) => name.endsWith(".md") && !name.startsWith("."))
          .map((name) => ({ track, category, name })),
      );
    }
  }
  if (files.length > mostEntries) {
    reading.problem(".flow/memory", `it has ${files.length} entries, of which ${mostEntries} were read`);
  }
  const entries = await mapSome(files.slice(0, mostEntries), async ({ track, category, name }) => {
    const path = `.flow/memory/${track}/${category}/${name}`;
    const text = await reading.text(path);
    if (text === null) return null;
    const front = splitFrontmatter(text);
    const fields = front === null ? null : await readFrontmatter(front.yaml);
    if (front === null || fields === null) {
      reading.problem(path, front === null ? "it has no frontmatter" : "its frontmatter can't be read");
      return null;
    }
    const stem = name.slice(0, -".md".length);
    const dated = /^(.*)-(\d{4}-\d{2}-\d{2})$/.exec(stem);
    return {
      id: `${track}/${category}/${stem}`,
      path,
      track,
      category,
      title: textField(fields, "title") ?? stem,
      date: textField(fields, "date") ?? dated?.[2] ?? null,
      module: textField(fields, "module"),
      tags: listField(fields, "tags"),
      status: textField(fields, "status"),
      text: front.body.trim(),
    };
  });
  return entries.filter((entry) => entry !== null);
}

async function readFlat(reading: Reading, names: readonly string[]): Promise<MemoryEntry[]> {
  const entries: MemoryEntry[] = [];
  for (const track of flatFiles) {
    if (!names.includes(`${track}.md`)) continue;
    const path = `.flow/memory/${track}.md`;
    const text = await reading.text(path);
    if (text === null) continue;
    for (const [index, entry] of flatEntries(text).slice(0, mostEntries).entries()) {
      entries.push({ id: `legacy/${track}#${index + 1}`, path, track, ...entry });
    }
  }
  return entries;
}

type FlatEntry = Omit<MemoryEntry, "id" | "path" | "track">;

/** `## 2026-01-02 manual [pitfall]` and what is below it; some files have `---` lines between entries instead. */
function flatEntries(text: string): FlatEntry[] {
  const parts: string[][] = [];
  let current: string[] = [];
  for (const { text: line, fenced } of linesOf(text.replace(/<!--[\s\S]*?-->/g, ""))) {
    const heading = !fenced && /^##\s/.test(line);
    const rule = !fenced && /^---\s*$/.test(line);
    if (heading || rule) {
      parts.push(current);
      current = [];
    }
    if (!rule) current.push(line);
  }
  parts.push(current);
  const [top = [], ...entries] = parts;
  const headed = /^##\s/.test(entries[0]?.[0] ?? "");
  // Above the first heading is what the file is for; where only rules divide it, the first entry is there, too.
  const banner = headed || entries.length === 0;
  const start =
    banner && top.some((line) => /^#\s/.test(line)) ? [] : top.filter((line) => !/^#\s/.test(line));
  return [start, ...entries].flatMap(flatEntry);
}

function flatEntry(lines: readonly string[]): FlatEntry[] {
  const [first = "", ...rest] = lines;
  const heading = /^##\s+(.*)$/.exec(first)?.[1] ?? null;
  const body = (heading === null ? lines : rest).join("\n").trim();
  if (body === "" && heading === null) return [];
  const date = /\b\d{4}-\d{2}-\d{2}\b/.exec(heading ?? "")?.[0] ?? null;
  const named = (heading ?? "")
    .replace(/^\d{4}-\d{2}-\d{2}\s*/, "")
    .replace(/^manual\b\s*/i, "")
    .replace(/\[[^\]]*\]/g, "")
    .trim();
  const title = named !== "" ? named : (body.split("\n")[0] ?? "").replace(/^[-*]\s+/, "");
  if (title === "" || /^#\s/.test(title)) return [];
  return [
    { category: null, title: title.slice(0, 80), date, module: null, tags: [], status: null, text: body },
  ];
}
