import { join } from "node:path";
import type { Repository } from "../../src/change/types.js";
import type { TestRepository } from "../support/repository.js";

/** The Repository of a test repository, as `openRepository` would give it. */
export function opened(repository: TestRepository): Repository {
  return {
    root: repository.path,
    gitDir: join(repository.path, ".git"),
    commonDir: join(repository.path, ".git"),
    mainRoot: repository.path,
    bare: false,
    shallow: false,
    objectFormat: "sha1",
    branch: "main",
  };
}
