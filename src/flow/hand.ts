import type { MemoryCategory, Reference } from "./prepare.js";
import type { FlowSpec, FlowTask, NewMemory, PlanReviewStatus, Written } from "./types.js";

/** A task that has been checked, its parts as they are to stand in the file. */
export interface PreparedTask {
  title: string;
  description: string;
  acceptance: string;
  /** Ids, or 0-based places of tasks that stand before this one. */
  dependsOn: readonly Reference[];
  priority: number | null;
  satisfies: readonly string[];
}

export interface PreparedMemory extends Omit<NewMemory, "category" | "title"> {
  category: MemoryCategory;
  /** One line of at most 80 characters. */
  title: string;
}

/**
 * Who does the writing: flowctl, or Sluice itself. What comes here has been checked, and nobody else of Sluice's
 * writes meanwhile.
 */
export interface Hand {
  readonly via: "flowctl" | "sluice";
  /** @param render the spec's markdown, once its id is known; null leaves the skeleton */
  createSpec(title: string, render: ((id: string) => string) | null): Promise<Written>;
  setPlan(spec: FlowSpec, markdown: string): Promise<void>;
  /** Gives the ids in the order of the tasks. All or none. */
  createTasks(spec: FlowSpec, tasks: readonly PreparedTask[]): Promise<string[]>;
  setTaskSpec(task: FlowTask, parts: { description?: string; acceptance?: string }): Promise<void>;
  setPlanReviewStatus(spec: FlowSpec, status: PlanReviewStatus): Promise<void>;
  addMemory(entry: PreparedMemory): Promise<Written>;
}
