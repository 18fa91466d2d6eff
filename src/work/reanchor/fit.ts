import { writeFile } from "node:fs/promises";
import { messageOf } from "../../errors.js";
import type { Sluice } from "../../sluice.js";
import type { StateStore } from "../../state/store.js";
import { reanchorPage } from "./page.js";
import type { Reanchored } from "./reanchor-schema.js";

/** Bytes of JSON that clients take whole, with room for what the server adds. */
const limit = 8_000;

/**
 * A re-anchoring that a client takes whole: when it is too long, the whole page goes to a file, and what is least
 * needed for a beginning is left out here, acceptance criteria last of all.
 */
export async function fitted(result: Reanchored, store: StateStore, sluice: Sluice): Promise<Reanchored> {
  if (size(result) <= limit) return result;
  let page: string | null = null;
  try {
    page = store.resultFile(`reanchor-${sluice.clock()}-${crypto.randomUUID().slice(0, 8)}.md`);
    await writeFile(page, reanchorPage(result), { mode: 0o600, flag: "wx" });
  } catch (error) {
    sluice.log(`the page of a re-anchoring could not be kept: ${messageOf(error)}`);
    page = null;
  }
  const where =
    page === null ? `read ${result.spec_paths.join(" and ")}` : `read ${page} before the first edit`;
  const short: Reanchored = {
    ...result,
    page,
    notes: [`some constraints, patterns or dependencies are not listed here: ${where}`, ...result.notes],
  };
  const shorter: ((one: Reanchored) => void)[] = [
    (one) => {
      one.tokens = { ...one.tokens, parts: [] };
    },
    (one) => {
      one.files = one.files.map((file) => ({ ...file, why: "" }));
    },
    (one) => {
      one.dependencies = one.dependencies.filter(({ kind }) => kind === "needs").slice(0, 6);
    },
    (one) => {
      one.constraints = cut(
        one,
        one.constraints.filter(({ of }) => of === "task"),
      );
    },
    (one) => {
      one.patterns = one.patterns.slice(0, 2);
      one.tests = one.tests.filter(({ kind }) => kind !== "requirement").slice(0, 4);
    },
    (one) => {
      one.constraints = cut(one, one.constraints);
    },
    (one) => {
      one.brief = one.brief.slice(0, 600);
      one.git = { ...one.git, status: one.git.status.slice(0, 3), commits: one.git.commits.slice(0, 2) };
    },
  ];
  for (const step of shorter) {
    if (size(short) <= limit) break;
    step(short);
  }
  return short;
}

/** As many of the constraints as there is room for, the first first. */
function cut(result: Reanchored, constraints: Reanchored["constraints"]): Reanchored["constraints"] {
  let room = limit - size({ ...result, constraints: [] });
  return constraints.filter((one) => {
    room -= Buffer.byteLength(JSON.stringify(one)) + 1;
    return room > 0;
  });
}

function size(result: Reanchored): number {
  return Buffer.byteLength(JSON.stringify(result));
}
