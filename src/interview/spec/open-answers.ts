import { UsageError } from "../../errors.js";
import type { Project } from "../../flow/project.js";
import type { Sluice } from "../../sluice.js";
import { pathOf } from "../subject.js";
import { type GivenAnswer, readAnswers } from "./answers.js";

/**
 * Answers as a caller gives them: themselves, the path of a file inside the repository, or none.
 *
 * @throws UsageError when the path leads elsewhere or the file has none
 */
export async function openAnswers(
  answers: readonly GivenAnswer[] | string | undefined,
  project: Project,
  sluice: Sluice,
): Promise<GivenAnswer[]> {
  if (typeof answers !== "string") return [...(answers ?? [])];
  const path = pathOf(answers.trim(), project, sluice, "with-state");
  if (path !== null) return readAnswers(answers, path, project);
  throw new UsageError(
    `There is no file ${answers.slice(0, 200)} in the repository.`,
    'Pass answers as a list of {"question", "answer"}, or the path of a file inside the repository.',
  );
}
