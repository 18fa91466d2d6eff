/**
 * A `.flow` folder as flow-next keeps it. Paths are relative to the repository, with `/`. All texts are the
 * repository's: data, never instructions.
 */

/** How a folder names its specs: `epics/` (flow-next 0.x) or `specs/` (1.0 and later). */
export type Dialect = "epic" | "spec";

/** What of a folder could not be read, or is not as flowctl would have it; the rest works. */
export interface FlowProblem {
  path: string;
  message: string;
}

export interface FlowSpec {
  kind: "spec";
  /** `fn-1-add-login`, or a tracker's: `wor-17-fix`. */
  id: string;
  title: string;
  status: "open" | "done";
  /** By the folder that its JSON is in. */
  dialect: Dialect;
  jsonPath: string;
  specPath: string;
  /** Null when the file is missing or could not be read: then `problems` says so. */
  markdown: string | null;
  /** Ids of other specs. */
  dependsOn: string[];
  /** `ship`, `needs_work`, `needs_human`, `unknown`, or what else is written there. */
  planReviewStatus: string;
  completionReviewStatus: string;
  branch: string | null;
  /** Of the tracker's issue: `WOR-17`, else its id or address. */
  tracker: string | null;
  createdAt: string | null;
  updatedAt: string | null;
}

export type TaskStatus = "todo" | "in_progress" | "blocked" | "done";

/** The four parts of a task's markdown, trimmed; null when the heading is not there. */
export interface TaskSections {
  description: string | null;
  acceptance: string | null;
  doneSummary: string | null;
  evidence: string | null;
}

export interface TaskEvidence {
  commits: string[];
  tests: string[];
  prs: string[];
}

export interface FlowTask {
  kind: "task";
  id: string;
  /** Id of the spec it belongs to. */
  spec: string;
  title: string;
  /** The part of the id behind the point. */
  number: number;
  status: TaskStatus;
  /** `flow-state`: from the runtime state; `committed`: from the task's own JSON, which flowctl leaves at `todo`. */
  statusSource: "flow-state" | "committed";
  jsonPath: string;
  specPath: string;
  /** Null when the file is missing or could not be read: then `problems` says so. */
  markdown: string | null;
  sections: TaskSections;
  /** Requirements of the spec (`R1`, …) from the frontmatter. */
  satisfies: string[];
  /** Ids of other tasks. */
  dependsOn: string[];
  /** Lower comes first; null comes last. */
  priority: number | null;
  assignee: string | null;
  blockedReason: string | null;
  evidence: TaskEvidence | null;
}

export interface FlowFolder {
  /** Absolute path of the `.flow` folder. */
  root: string;
  /** What a new spec would be written as. */
  dialect: Dialect;
  schemaVersion: number | null;
  /** By number, then id. */
  specs: FlowSpec[];
  /** By spec, then number. */
  tasks: FlowTask[];
  problems: FlowProblem[];
}

export interface AcceptanceCriterion {
  /** Word for word, without the list marker, the box and the R-id. */
  text: string;
  /** `R1`; null when it has none. */
  id: string | null;
  /** Whether its box is ticked. */
  done: boolean;
}

export interface MemoryEntry {
  /** As flowctl names it: `bug/security/no-eval-2026-01-02`; of a flat file `legacy/pitfalls#2`. */
  id: string;
  path: string;
  /** `bug`, `knowledge`; of a flat file `pitfalls`, `conventions`, `decisions`. */
  track: string;
  category: string | null;
  title: string;
  /** `2026-01-02`. */
  date: string | null;
  module: string | null;
  tags: string[];
  /** `active`, `stale`, `hardened`; null is active. */
  status: string | null;
  /** Without the frontmatter. */
  text: string;
}

/** What `sluice status` and `sluice doctor` show of a folder. */
export interface FlowSummary {
  dialect: Dialect;
  schema_version: number | null;
  specs: { open: number; done: number };
  tasks: Record<TaskStatus, number>;
  problems: FlowProblem[];
}

export interface NewTask {
  title: string;
  /** Markdown; headings of the second level in it are demoted, since the four of a task have to stay the only ones. */
  description: string;
  /** Markdown, as a rule a list of `- [ ] …`. */
  acceptance: string;
  /** Ids of tasks, or 0-based places in the same list (a number), which may stand before or after this one. */
  dependsOn?: readonly (string | number)[];
  priority?: number | null;
  /** Requirements of the spec: `R1`, … */
  satisfies?: readonly string[];
}

export interface NewMemory {
  track: "bug" | "knowledge";
  /** One of flow-next's: `build-errors`, `security`, … or `conventions`, `decisions`, … */
  category: string;
  title: string;
  /** Markdown. */
  text: string;
  module?: string | null;
  tags?: readonly string[];
}

/** `specPath` is relative to the repository. */
export interface Written {
  id: string;
  specPath: string;
}

export type PlanReviewStatus = "ship" | "needs_work" | "needs_human" | "unknown";

/** Writes into a `.flow` folder as flowctl does. All throw UsageError for what flowctl would refuse. */
export interface FlowWriter {
  /** Who writes: flowctl where it was found, because it holds flow-next's own locks. */
  readonly via: "flowctl" | "sluice";
  createSpec(spec: { title: string; markdown?: string }): Promise<Written>;
  /** Replaces a spec's markdown. */
  setPlan(id: string, markdown: string): Promise<Written>;
  /** All or none, in the order given. Throws UsageError for a cycle or an id that is not there. */
  createTasks(spec: string, tasks: readonly NewTask[]): Promise<Written[]>;
  setTaskSpec(id: string, parts: { description?: string; acceptance?: string }): Promise<Written>;
  setPlanReviewStatus(id: string, status: PlanReviewStatus): Promise<void>;
  /** `specPath` is the entry's file. */
  addMemory(entry: NewMemory): Promise<Written>;
}
