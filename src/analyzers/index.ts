import { conflictMarkers } from "./conflict-markers.js";
import { data } from "./data/data.js";
import { workflows } from "./data/workflows.js";
import type { Engine } from "./engine.js";
import { oxlint } from "./javascript/oxlint.js";
import { pyright } from "./python/pyright.js";
import { ruff } from "./python/ruff.js";
import { pythonRules } from "./python/rules.js";
import { leftovers } from "./rules/leftovers.js";
import { syntax } from "./rules/syntax.js";
import { secrets } from "./secrets/secrets.js";
import { typescript } from "./typescript/typescript.js";

/** The engines, in the order in which their words are preferred where two say the same. */
export const engines: readonly Engine[] = [
  typescript,
  pyright,
  oxlint,
  ruff,
  pythonRules,
  syntax,
  conflictMarkers,
  data,
  workflows,
  leftovers,
  secrets,
];
