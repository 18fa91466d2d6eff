import { openProject } from "../../../src/flow/project.js";
import { type Ground, openGround } from "../../../src/plan/scouts/ground.js";
import type { Gathered, Scout } from "../../../src/plan/scouts/scout.js";
import type { TestRepository } from "../../support/repository.js";

export async function groundOf(repository: TestRepository, feature: string): Promise<Ground> {
  const { signal } = new AbortController();
  const sluice = repository.sluice();
  const project = await openProject(sluice, undefined, signal);
  return openGround(sluice, project, { feature, signal });
}

/** What a scout gathers, held to what every scout promises: known sections, short lines, paths that exist. */
export async function gathered(scout: Scout, ground: Ground): Promise<Gathered> {
  const found = await scout.gather(ground, new AbortController().signal);
  for (const { section, text, files } of found.facts) {
    if (!scout.sections.includes(section)) throw new Error(`${scout.name} has no section ${section}`);
    if (text.length > 300 || text.includes("\n")) throw new Error(`not one short line: ${text}`);
    for (const file of files ?? []) if (!ground.has(file)) throw new Error(`${file} does not exist`);
  }
  for (const file of found.relevantFiles) if (!ground.has(file)) throw new Error(`${file} does not exist`);
  return found;
}

export function textsIn({ facts }: Gathered, section: string): string[] {
  return facts.filter((fact) => fact.section === section).map(({ text }) => text);
}
