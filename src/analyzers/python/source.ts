/** What can be told from Python's text by its indentation, where an engine says too little. */

export interface PythonFunction {
  name: string;
  /** 1-based line of `def`. */
  line: number;
  /** 1-based last line of the body. */
  end: number;
}

/** The function around a line, or the one whose `def` it is. */
export function functionAround(lines: readonly string[], line: number): PythonFunction | null {
  let limit = Number.POSITIVE_INFINITY;
  const own = lines[line - 1] ?? "";
  for (let at = line; at >= 1; at--) {
    const text = lines[at - 1] ?? "";
    if (text.trim() === "" || /^\s*#/.test(text)) continue;
    const depth = indentation(text);
    const match = /^\s*(?:async\s+)?def\s+(\w+)/.exec(text);
    if (
      match &&
      (depth < limit || at === line) &&
      (at === line || depth < indentation(own) || indentation(own) === 0)
    ) {
      return { name: match[1] ?? "", line: at, end: endOfBlock(lines, at) };
    }
    limit = Math.min(limit, depth + (match ? 0 : 1));
  }
  return null;
}

function endOfBlock(lines: readonly string[], line: number): number {
  const depth = indentation(lines[line - 1] ?? "");
  let end = line;
  let opened = false;
  for (let at = line + 1; at <= lines.length; at++) {
    const text = lines[at - 1] ?? "";
    if (text.trim() === "" || /^\s*#/.test(text)) continue;
    // A signature may go on over several lines, and close at the depth of its `def`.
    if (!opened && indentation(text) <= depth && !/^\s*\)/.test(text)) break;
    if (opened && indentation(text) <= depth) break;
    if (indentation(text) > depth && !/,\s*$/.test(text)) opened = true;
    end = at;
  }
  return end;
}

export function indentation(text: string): number {
  return /^[ \t]*/.exec(text)?.[0].length ?? 0;
}

/** The last statement of a function, as the text of its last line at the body's depth or deeper. */
export function lastStatement(lines: readonly string[], owner: PythonFunction): string {
  for (let at = owner.end; at > owner.line; at--) {
    const text = (lines[at - 1] ?? "").trim();
    if (text !== "" && !text.startsWith("#")) return text;
  }
  return "";
}

/** Is a line inside the body of a `try`? */
export function isInTry(lines: readonly string[], line: number): boolean {
  let depth = indentation(lines[line - 1] ?? "");
  for (let at = line - 1; at >= 1 && depth > 0; at--) {
    const text = lines[at - 1] ?? "";
    if (text.trim() === "" || indentation(text) >= depth) continue;
    depth = indentation(text);
    if (/^\s*(try\s*:|with\s.*suppress\s{0,9}\()/.test(text)) return true;
    if (/^\s*except\b/.test(text)) return true;
  }
  return false;
}

/** Is a line inside of a block that expects it to fail: `with pytest.raises(TypeError):`, `with self.assertRaises(…)`? */
export function isMeantToFail(lines: readonly string[], line: number): boolean {
  let depth = indentation(lines[line - 1] ?? "");
  for (let at = line; at >= 1 && (depth > 0 || at === line); at--) {
    const text = lines[at - 1] ?? "";
    if (at !== line && (text.trim() === "" || indentation(text) >= depth)) continue;
    depth = indentation(text);
    if (/^\s*(async\s+)?with\b.*(raises|assertRaises\w*|suppress)\s{0,9}\(|\bassertRaises\w*\(/.test(text))
      return true;
  }
  return false;
}

/** The function whose brackets a place is inside of, as far up as a call goes on: `get` for a keyword of `s.get(…)`. */
export function callAround(lines: readonly string[], line: number, column: number): string | null {
  let depth = 0;
  for (let at = line; at >= Math.max(1, line - 60); at--) {
    const whole = (lines[at - 1] ?? "").replace(/\s#.*$/, "");
    const text = at === line ? whole.slice(0, column) : whole;
    for (let index = text.length - 1; index >= 0; index--) {
      const sign = text[index] ?? "";
      if (")]}".includes(sign)) depth++;
      if (!"([{".includes(sign)) continue;
      depth--;
      if (depth >= 0) continue;
      if (sign === "(") return /(\w+)\s{0,9}$/.exec(text.slice(Math.max(0, index - 200), index))?.[1] ?? null;
      depth = 0;
    }
  }
  return null;
}

/** Names that an interpreter or a tool gives to the files it runs. */
export const givenNames: ReadonlySet<string> = new Set(
  `_ __file__ __builtins__ __IPYTHON__ get_ipython display reveal_type reveal_locals WindowsError unicode long xrange
  basestring raw_input unichr reduce cmp execfile buffer reload file snakemake Import Export ARGUMENTS Environment
  SConscript DefaultEnvironment env spark dbutils sc sqlContext exit quit copyright credits license`.split(
    /\s+/,
  ),
);
