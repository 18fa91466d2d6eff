import { cpSync } from "node:fs";
import { join } from "node:path";
import { type TestRepository, testRepository } from "./repository.js";

/** The folders that flowctl of these versions wrote, and their state outside the work tree. */
export const flowSamples = [
  "0.26.1",
  "0.26.1-after-reviews",
  "0.42.0",
  "4.4.0",
  "4.4.0-after-reviews",
] as const;
export type FlowSample = (typeof flowSamples)[number];

/** A repository with such a folder, committed. */
export function sampleRepository(sample: FlowSample): TestRepository {
  const repository = testRepository();
  const fixture = join("test", "fixtures", "flow", sample);
  cpSync(join(fixture, "dot-flow"), join(repository.path, ".flow"), { recursive: true });
  cpSync(join(fixture, "git-flow-state"), join(repository.path, ".git", "flow-state"), { recursive: true });
  repository.commit("a folder of flow-next's");
  return repository;
}
