import { posix } from "node:path";
import type { MemoryEntry } from "../../flow/types.js";
import type { Ground } from "./ground.js";
import { likenessOf } from "./likeness.js";
import { type Fact, type Gathered, quoted, type Scout } from "./scout.js";

const most = 12;
const sections = ["Pitfalls", "Conventions", "Decisions"] as const;

/** What the project remembers that bears on the feature. */
export const memory: Scout = {
  name: "memory",
  folder: "memory-scout",
  settings: null,
  heading: (_feature, dialect) => (dialect === "epic" ? "Relevant Memory" : "Memory findings"),
  sections,
  prompt: "scout-memory",
  from: "state",
  async off({ project, memory: entries }: Ground) {
    if (!project.config.memory.enabled) return "memory.enabled is false";
    return (await entries()).length === 0 ? "there is no memory yet (.flow/memory)" : null;
  },
  async gather(ground: Ground): Promise<Gathered> {
    const entries = await ground.memory();
    const likeness = likenessOf(
      ground.feature.words,
      entries.map(({ title, text, tags, module }) => ({
        title: `${title} ${tags.join(" ")} ${module ?? ""}`,
        body: text,
      })),
    );
    const modules = new Set(ground.relevant.slice(0, 15).flatMap(({ path }) => partsOf(path)));
    const ranked = entries
      .map((entry, at) => {
        const { score = 0, shared = [] } = likeness[at] ?? {};
        const module = entry.module?.toLowerCase() ?? "";
        const near = module !== "" && modules.has(module) ? 2 : 0;
        return { entry, shared, score: (score + near) * (entry.status === "stale" ? 0.5 : 1) };
      })
      .filter(({ score, shared }) => score > 0 && (shared.length >= 2 || score >= 2.5))
      .sort((one, other) => other.score - one.score);
    const facts = ranked.slice(0, most).map(({ entry, shared }) => factOf(entry, shared));
    const notes =
      facts.length === 0 ? [`none of ${entries.length} memory entries has to do with the feature`] : [];
    return { facts, relevantFiles: [], notes };
  },
};

function partsOf(path: string): string[] {
  return path
    .toLowerCase()
    .split("/")
    .flatMap((part) => [part, posix.parse(part).name]);
}

function factOf(entry: MemoryEntry, shared: readonly string[]): Fact {
  const { id, path, title, date, status, text } = entry;
  const first = text.split("\n").find((line) => /\p{L}/u.test(line) && !/^\s*#/.test(line)) ?? "";
  const told = first.trim() === title.trim() ? "" : `: ${quoted(first.replace(/^[\s*-]+/, ""), 160)}`;
  const marks = [date, status === null || status === "active" ? null : status].filter(
    (mark) => mark !== null,
  );
  return {
    section: sectionOf(entry),
    text: `${quoted(title, 100)}${told}${marks.length === 0 ? "" : ` (${marks.join(", ")})`}; shares ${shared.slice(0, 4).join(", ")}`,
    source: `memory ${id}`,
    excerpt: `${path}\n${text}`,
  };
}

function sectionOf({ track, category }: MemoryEntry): (typeof sections)[number] {
  if (track === "bug" || track === "pitfalls") return "Pitfalls";
  return track === "decisions" || category === "decisions" || category === "tooling-decisions"
    ? "Decisions"
    : "Conventions";
}
