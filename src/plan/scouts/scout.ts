import type { Dialect } from "../../flow/types.js";
import { printableLine } from "../../printable.js";
import type { CacheArea } from "../../state/store.js";
import type { Ground } from "./ground.js";

/** As a caller names them; the configuration calls them `repo_scout`, their folders in the cache `repo-scout`. */
export const scoutNames = ["repo", "practice", "docs", "epic", "docs-gap", "memory", "github"] as const;
export type ScoutName = (typeof scoutNames)[number];

export type ScoutSettings =
  | "repo_scout"
  | "practice_scout"
  | "docs_scout"
  | "github_scout"
  | "epic_scout"
  | "docs_gap_scout";

/** Something that is so, found without a model. */
export interface Fact {
  /** One of the scout's sections. */
  section: string;
  /** One line, at most 300 characters. What it quotes stands in `quoted()`. */
  text: string;
  /** Paths of the repository that it speaks of. They exist. */
  files?: readonly string[];
  /** Where it is from: `src/a.ts:12`, `commit 1a2b3c4d5`, `README.md`, a package with its version, an address. */
  source: string;
  /** What a model may read besides, and nobody else: some lines of code or text. Cut at 2,000 characters. */
  excerpt?: string;
}

/** What a scout found by itself, which has to be useful as it is: the most important first, in each section. */
export interface Gathered {
  facts: Fact[];
  /** Paths worth opening, the best first. */
  relevantFiles: string[];
  /** What could not be looked at, and why: one sentence each. */
  notes: string[];
}

/** One scout: a file here, a prompt, and a line in `scouts.ts`. */
export interface Scout {
  name: ScoutName;
  /** Where its answers are kept. */
  folder: Extract<CacheArea, `${string}-scout`>;
  /** Its section in `plan.scouts`; null for one that is not configured. */
  settings: ScoutSettings | null;
  /** First heading, as flow-next's scout of that name has it: `Best Practices for Rate limiting`. */
  heading(feature: string, dialect: Dialect): string;
  /** The headings below it, in order. */
  sections: readonly string[];
  /** Of a file in `prompts/`, without `.md`. Changed words make a new cache by themselves. */
  prompt: string;
  /**
   * `service`: its facts come over the network, so they are kept as long as answers are. `state`: from what git does
   * not see (tasks' status), so it is gathered each time. Default: from the work tree's files and history.
   */
  from?: "service" | "state";
  /** Why it has nothing to do here (no token, switched off), with what would change that; null when it has. */
  off?(ground: Ground): Promise<string | null>;
  /** Within `signal`, which ends it after some 30 seconds. May throw: then this scout failed, and no other. */
  gather(ground: Ground, signal: AbortSignal): Promise<Gathered>;
}

/** Words from outside in a text of ours: in one line, cut, between marks that they do not hold themselves. */
export function quoted(text: string, most = 160): string {
  const line = printableLine(text).replace(/\s+/g, " ").replace(/[“”]/g, '"').trim();
  return `“${line.length > most ? `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…` : line}”`;
}
