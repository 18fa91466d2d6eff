import { isDeepStrictEqual } from "node:util";
import type { ParseError } from "jsonc-parser";
import { quote, type Reason } from "../../change/risk/reasons.js";
import type { ChangedFile } from "../../change/types.js";
import { type ChangedLine, netLines } from "./lines.js";

/** Sections that name code from outside, or that a package manager runs by itself. */
const outside =
  /^(?:(?:dev|peer|optional|bundled?|build|runtime|test)?[-_]?dependencies|dependency[-_]groups|optional[-_]dependencies|overrides|resolutions|imports|pnpm|patch|replace|source|sources|registries|workspaces?|catalogs?|packagemanager|engines|build-system|requires|repositories|require|require-dev|poetry|uv|pdm|hatch|tool|target|gypfile|importmap)$/i;
const hooks =
  /^(?:pre|post)?(?:install|prepare|publish|pack|prepublishonly|prepack|uninstall|update|dependencies)$/i;

/**
 * What a change of a manifest does: a dependency that is new or comes in another version or from another place is
 * SECURITY (code from outside that nobody here wrote), anything else in a manifest COMPLEX. A manifest that can't be
 * read as what it is counts by its lines.
 */
export async function manifestReasons(
  file: ChangedFile,
  base: string | null,
  head: string | null,
  lines: readonly ChangedLine[],
): Promise<Reason[]> {
  const name = file.path.slice(file.path.lastIndexOf("/") + 1).toLowerCase();
  const reason = (asked: "SECURITY" | "COMPLEX", rule: string, evidence: string): Reason => ({
    class: asked,
    origin: "content",
    rule,
    file: file.path,
    evidence,
  });
  const before = base === null ? {} : await parse(name, base);
  const after = head === null ? {} : await parse(name, head);
  if (before !== null && after !== null) {
    const reasons: Reason[] = [];
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const [was, is] = [before[key], after[key]];
      if (isDeepStrictEqual(was, is)) continue;
      if (key === "scripts" && isTable(was ?? {}) && isTable(is ?? {})) {
        const changed = changedKeys(was, is).filter((script) => hooks.test(script));
        for (const script of changed)
          reasons.push(
            reason(
              "SECURITY",
              "install-script",
              quote(`scripts.${script}: ${text(isTable(is) ? is[script] : is)}`),
            ),
          );
        if (changed.length === 0)
          reasons.push(
            reason("COMPLEX", "build", quote(`scripts changed: ${changedKeys(was, is).join(", ")}`)),
          );
      } else if (outside.test(key)) {
        const names = isTable(was ?? {}) && isTable(is ?? {}) ? changedKeys(was, is) : [text(is)];
        const gone =
          isTable(was) &&
          (is === undefined || isTable(is)) &&
          names.every((entry) => !isTable(is) || !(entry in is));
        reasons.push(
          gone
            ? reason("COMPLEX", "dependency-removed", quote(`${key}: ${names.join(", ")} removed`))
            : reason("SECURITY", "dependency", quote(`${key}: ${names.join(", ")}`)),
        );
      } else {
        reasons.push(reason("COMPLEX", "build", quote(`${key} changed in ${name}`)));
      }
    }
    return reasons;
  }
  const { added, removed } = netLines(lines.filter((line) => !/^\s*(?:#|\/\/|--|<!--|$)/.test(line.text)));
  const first = added[0];
  if (first) return [reason("SECURITY", "dependency", quote(`+ ${first.text}`))];
  const gone = removed[0];
  if (gone) return [reason("COMPLEX", "dependency-removed", quote(`- ${gone.text}`))];
  return [reason("COMPLEX", "build", `${name} changed`)];
}

type Table = Record<string, unknown>;

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The entries of two tables that differ, with tables in tables counted by their own entries' names. */
function changedKeys(was: unknown, is: unknown): string[] {
  const [before, after] = [isTable(was) ? was : {}, isTable(is) ? is : {}];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => !isDeepStrictEqual(before[key], after[key]),
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "removed");
}

/** A manifest as a table; null when it is of no kind that is parsed, or is broken. */
async function parse(name: string, source: string): Promise<Table | null> {
  if (name.endsWith(".json") || name.endsWith(".jsonc")) return parseJson(source);
  if (name.endsWith(".toml") || name === "pipfile") {
    const { parse: parseToml } = await import("smol-toml");
    try {
      const table: unknown = parseToml(source);
      return isTable(table) ? flattenToml(table) : null;
    } catch {
      return null;
    }
  }
  return null;
}

/** JSON, comments allowed; null when it is broken or names a key twice (readers don't agree on which counts). */
export async function parseJson(source: string): Promise<Table | null> {
  const { parse: parseJsonc, visit } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  const seen: Set<string>[] = [];
  let twice = false;
  try {
    visit(source, {
      onObjectBegin: () => {
        seen.push(new Set());
      },
      onObjectEnd: () => {
        seen.pop();
      },
      onObjectProperty: (property) => {
        const keys = seen.at(-1);
        if (keys?.has(property)) twice = true;
        keys?.add(property);
      },
    });
    const value: unknown = parseJsonc(source.replace(/^\ufeff/, ""), errors, { allowTrailingComma: true });
    return errors.length > 0 || twice || !isTable(value) ? null : value;
  } catch {
    // Nested deeper than the stack.
    return null;
  }
}

/** `[project]` holds dependencies beside names: one level is opened, so that each is judged by itself. */
function flattenToml(table: Table): Table {
  const flat: Table = {};
  for (const [key, value] of Object.entries(table)) {
    if ((key === "project" || key === "package") && isTable(value)) Object.assign(flat, value);
    else flat[key] = value;
  }
  return flat;
}
