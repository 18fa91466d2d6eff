import { conflictMarkers } from "./conflict-markers.js";
import { data } from "./data.js";
import type { Engine } from "./engine.js";
import { leftovers } from "./leftovers.js";
import { oxlint } from "./oxlint.js";
import { pyright } from "./pyright.js";
import { pythonRules } from "./python-rules.js";
import { ruff } from "./ruff.js";
import { secrets } from "./secrets.js";
import { syntax } from "./syntax.js";
import { typescript } from "./typescript.js";
import { workflows } from "./workflows.js";

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
