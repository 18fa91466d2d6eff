import type { CategoryId } from "../categories.js";
import { acceptance } from "./acceptance.js";
import { architecture } from "./architecture.js";
import { business } from "./business.js";
import { edgeCases } from "./edge-cases.js";
import { errors } from "./errors.js";
import { migration } from "./migration.js";
import { performance } from "./performance.js";
import { type Row, readRows } from "./read.js";
import { risks } from "./risks.js";
import { scope } from "./scope.js";
import { security } from "./security.js";
import { technical } from "./technical.js";
import { testing } from "./testing.js";
import { ux } from "./ux.js";

const texts: Readonly<Record<CategoryId, string>> = {
  scope,
  technical,
  architecture,
  errors,
  performance,
  security,
  ux,
  testing,
  migration,
  edge_cases: edgeCases,
  acceptance,
  risks,
  business,
};

const read = new Map<CategoryId, readonly Row[]>();

/** A category's questions, before names are put into them. */
export function rowsOf(category: CategoryId): readonly Row[] {
  const known = read.get(category);
  if (known !== undefined) return known;
  const rows = readRows(texts[category]);
  read.set(category, rows);
  return rows;
}
