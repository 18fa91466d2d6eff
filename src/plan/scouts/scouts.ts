import { docs } from "./docs.js";
import { docsGap } from "./docs-gap.js";
import { epic } from "./epic.js";
import { github } from "./github.js";
import { memory } from "./memory.js";
import { practice } from "./practice.js";
import { repo } from "./repo.js";
import type { Scout } from "./scout.js";

/** Every scout, in the order that their findings are read. A new one is a file, a prompt and a line here. */
export const scouts: readonly Scout[] = [repo, practice, docs, epic, docsGap, memory, github];
