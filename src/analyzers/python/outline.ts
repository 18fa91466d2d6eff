import { indentation } from "./source.js";

/**
 * Does a module still have, as it was, all that other modules see of it? What was only added doesn't count, nor do
 * comments and what is inside of functions, as far as a type checker doesn't read it to know what they give.
 */
export function keepsOutline(before: string, now: string): boolean {
  if (before === now) return true;
  const left = new Map<string, number>();
  for (const item of outlineOf(now)) left.set(item, (left.get(item) ?? 0) + 1);
  return outlineOf(before).every((item) => {
    const count = left.get(item) ?? 0;
    left.set(item, count - 1);
    return count > 0;
  });
}

interface Around {
  depth: number;
  head: string;
  /** `typed` for a function that says what it returns. */
  kind: "class" | "typed" | "untyped";
}

/** What others see of a module, line by line, each with the classes and functions around it. */
function outlineOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  const outline: string[] = [];
  let around: Around[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = (lines[at] ?? "").slice(0, 2_000);
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const depth = indentation(line);
    around = around.filter((one) => one.depth < depth);
    const isFunction = /^(async\s+)?def\b/.test(trimmed);
    let shown = trimmed;
    if (isFunction || /^class\b/.test(trimmed)) {
      const { head, end } = headFrom(lines, at);
      shown = head;
      at = end;
    }
    const inside = around.at(-1)?.kind ?? "class";
    if (inside === "class" || read[inside].test(trimmed))
      outline.push([...around.map(({ head }) => head), shown].join("\n"));
    if (shown === trimmed && !isFunction && !/^class\b/.test(trimmed)) continue;
    const isIn = around.at(-1)?.kind;
    const kind = !isFunction ? (isIn ?? "class") : shown.includes("->") ? "typed" : "untyped";
    around.push({ depth, head: shown, kind });
  }
  return outline;
}

/** Lines in functions by which others see something else: what the instance has, and what an unannotated one gives. */
const read = {
  typed: /^(self|cls)\.\w+\s*(:|=(?!=)|,)|^global\b/,
  untyped: /^(self|cls)\.\w+\s*(:|=(?!=)|,)|^global\b|^(return|raise)\b|\b(yield|await)\b/,
};

/** A `def` or `class` up to the colon that ends its head, in one line without comments. */
function headFrom(lines: readonly string[], start: number): { head: string; end: number } {
  let open = 0;
  let head = "";
  for (let at = start; at < Math.min(lines.length, start + 60); at++) {
    const line = (lines[at] ?? "").replace(/\s+#.*$/, "").trim();
    head += `${head === "" ? "" : " "}${line}`;
    for (const sign of line) open += "([{".includes(sign) ? 1 : ")]}".includes(sign) ? -1 : 0;
    if (open <= 0) return { head: head.slice(0, 4_000), end: at };
  }
  return { head: head.slice(0, 4_000), end: start };
}
