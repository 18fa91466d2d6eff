import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSluice, type Sluice } from "../../src/sluice.js";

export interface Home {
  path: string;
  /** A context whose user has this home and nothing else. */
  sluice: Sluice;
  remove(): void;
}

/** An empty home folder, for what needs no repository. */
export function temporaryHome(): Home {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "sluice-home-")));
  return {
    path,
    sluice: createSluice({ cwd: path, env: { PATH: process.env.PATH, HOME: path }, log: () => {} }),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
