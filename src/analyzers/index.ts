import type { Engine } from "./engine.js";
import { oxlint } from "./oxlint.js";
import { pyright } from "./pyright.js";
import { ruff } from "./ruff.js";
import { secrets } from "./secrets.js";
import { typescript } from "./typescript.js";

/** The engines, in the order in which their words are preferred where two say the same. */
export const engines: readonly Engine[] = [typescript, pyright, oxlint, ruff, secrets];
