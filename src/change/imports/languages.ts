import { c } from "./c.js";
import { go } from "./go.js";
import { java } from "./java.js";
import { javascript } from "./javascript.js";
import type { ImportLanguage } from "./language.js";
import { python } from "./python.js";
import { rust } from "./rust.js";

/** Whose imports are known. A new language is a file and a line here. */
export const languages: readonly ImportLanguage[] = [javascript, python, go, rust, java, c];
