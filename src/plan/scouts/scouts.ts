import { docsScout } from "./docs.js";
import { docsGapScout } from "./docs-gap.js";
import { practiceScout } from "./practice.js";
import { repo } from "./repo.js";
import type { Scout } from "./scout.js";

/** Every scout, in the order that their findings are read. A new one is a file, a prompt and a line here. */
export const scouts: readonly Scout[] = [repo, practiceScout, docsScout, docsGapScout];
