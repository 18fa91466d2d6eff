import type { PlannedFile } from "./files.js";

/** What a spec asks for: one acceptance criterion, or what stands in for one. */
export interface Requirement {
  /** The spec's own (`R1`), else `C1`, `C2`, … by position: `A1` is an answer of an interview. */
  id: string;
  text: string;
  /** The id is the spec's own. */
  named: boolean;
  /** Its box is ticked. */
  done: boolean;
  /** Heading it stands below; empty when there is none. */
  section: string;
}

export const sizes = ["S", "M", "L", "XL"] as const;
export type Size = (typeof sizes)[number];

/** A task as a model or our own extract proposes it: nothing of it is checked. */
export interface Proposal {
  title: string;
  description: string;
  size: Size;
  files: readonly string[];
  acceptance: readonly string[];
  /** What to test and how. */
  tests: string;
  /** Numbers in the list, from 1, or ids of tasks that are there already. */
  dependsOn: readonly (number | string)[];
  /** Ids of requirements. */
  satisfies: readonly string[];
}

/** A task that was checked against the repository and the spec. */
export interface PlannedTask {
  title: string;
  description: string;
  size: Size;
  files: PlannedFile[];
  acceptance: string[];
  tests: string;
  /** Positions in the list, from 0, all before its own. */
  dependsOn: number[];
  /** Ids of tasks that were there already. */
  dependsOnExisting: string[];
  /** Ids of requirements. */
  satisfies: string[];
  /** What a person should look at before a worker begins. */
  flags: string[];
}
