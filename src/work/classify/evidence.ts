import { quote, shownPath } from "../../change/risk/reasons.js";
import type { Statement } from "../statements.js";

export const indicatorNames = [
  "security_sensitive",
  "architectural",
  "concurrency",
  "unfamiliar_patterns",
  "large_scope",
  "many_files",
  "cross_module",
] as const;
export type IndicatorName = (typeof indicatorNames)[number];

/** Why an indicator holds. */
export interface Evidence {
  /** What it is a sign of, in a few words. */
  what: string;
  /** Word for word from the file; a path where the path itself is the sign. */
  quote: string;
  /** From the repository's top; null for a task given in words. */
  path: string | null;
  /** 1-based; null where it is about the whole file. */
  line: number | null;
  /** Rules (the same for the same tree), or a local model that quoted the spec. */
  from: "rules" | "model";
}

export type Found = Record<IndicatorName, Evidence[]>;

export function nothingFound(): Found {
  return {
    security_sensitive: [],
    architectural: [],
    concurrency: [],
    unfamiliar_patterns: [],
    large_scope: [],
    many_files: [],
    cross_module: [],
  };
}

export function said(statement: Statement, what: string, from: Evidence["from"] = "rules"): Evidence {
  const path = statement.path === null ? null : shownPath(statement.path);
  return { what, quote: quote(statement.text), path, line: statement.line, from };
}

export function aboutPath(path: string, what: string): Evidence {
  return { what, quote: shownPath(path), path: shownPath(path), line: null, from: "rules" };
}
