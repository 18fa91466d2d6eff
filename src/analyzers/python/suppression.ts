/**
 * What comments ask checkers to be silent about. A comment that names codes is about those only: `# noqa: E501` says
 * nothing of a name that is not there, and neither does `# type: ignore[return-value]`.
 */

/** For a class of ours, how flake8 and ruff, pylint, and mypy call it; by the start of the code. */
const names: Readonly<Record<string, { noqa: RegExp; pylint: RegExp; mypy: RegExp }>> = {
  "undefined-name": {
    noqa: /^(F82|E0602|PLE0602)/,
    pylint: /^(undefined-|E0602|E0603)/,
    mypy: /^(name-defined|used-before-def)/,
  },
  "use-before-assignment": {
    noqa: /^(F82|E0601|PLE0601)/,
    pylint: /^(used-before|possibly-used|E0601|E0606)/,
    mypy: /^(used-before-def|possibly-undefined|name-defined)/,
  },
  "self-comparison": {
    noqa: /^(PLR0124|R0124|B015)/,
    pylint: /^(comparison-with-itself|R0124)/,
    mypy: /^comparison-overlap/,
  },
  "duplicate-key": {
    noqa: /^(F60|W0109|PLW0109)/,
    pylint: /^(duplicate-key|W0109)/,
    mypy: /^(misc|dict-item)/,
  },
  "duplicate-case": {
    noqa: /^(PLR|SIM)/,
    pylint: /^(duplicate|R\d)/,
    mypy: /^(misc|unreachable)/,
  },
  "unreachable-code": {
    noqa: /^(PLW0101|W0101|V)/,
    pylint: /^(unreachable|W0101)/,
    mypy: /^unreachable/,
  },
  "constant-assignment": {
    noqa: /^(PLW|N)/,
    pylint: /^(E0237|W0642)/,
    mypy: /^misc/,
  },
  "constant-condition": {
    noqa: /^(F63|B0|PL[RW]|SIM|W0125|W0126|R0133)/,
    pylint: /^(comparison|using-constant|R0|W01|E0)/,
    mypy: /^(comparison-overlap|truthy|redundant)/,
  },
  "missing-return": {
    noqa: /^(RET|R17|PLR1710)/,
    pylint: /^(inconsistent-return|R1710)/,
    mypy: /^(return|empty-body|misc)/,
  },
  redeclaration: {
    noqa: /^(F81|F402|E010|PLE0102|W0621)/,
    pylint: /^(function-redef|redefined|E0102|W0621|W0404)/,
    mypy: /^(no-redef|misc)/,
  },
  "argument-count": {
    noqa: /^E11/,
    pylint: /^(no-value|too-many-function|unexpected-keyword|missing-kwoa|E11)/,
    mypy: /^(call-|arg-type|misc|operator)/,
  },
  "null-access": {
    noqa: /^E11/,
    pylint: /^(no-member|unsubscriptable|not-an-iterable|not-callable|E11)/,
    mypy: /^(union-attr|index|operator|attr-defined|arg-type|misc)/,
  },
  "missing-member": {
    noqa: /^E11/,
    pylint: /^(no-member|E1101)/,
    mypy: /^(attr-defined|union-attr|misc|assignment)/,
  },
  "missing-export": {
    noqa: /^(E06|F82)/,
    pylint: /^(no-name-in-module|E0611)/,
    mypy: /^(attr-defined|import|misc)/,
  },
  "missing-module": {
    noqa: /^(E04|F82)/,
    pylint: /^(import-error|no-name|E0401|E0611)/,
    mypy: /^import/,
  },
  "missing-await": {
    noqa: /^RUF006/,
    pylint: /^(un|not-)/,
    mypy: /^unused-(coroutine|awaitable)/,
  },
};

/** Does the line (or the file) ask checkers not to say this? `code` is the engine's own. */
export function isSuppressed(lines: readonly string[], line: number, kind: string, code: string): boolean {
  const comment = commentOf(lines[line - 1] ?? "");
  if (comment !== null && isAbout(comment, kind, code)) return true;
  const known = forFiles.get(lines) ?? new Map<string, boolean>();
  forFiles.set(lines, known);
  const key = `${kind} ${code}`;
  const isSilent =
    known.get(key) ?? lines.slice(0, 60).some((text, index) => isForFile(text, index, kind, code));
  known.set(key, isSilent);
  return isSilent;
}

/** What the heads of files say, by their lines: asked again for each finding. */
const forFiles = new WeakMap<readonly string[], Map<string, boolean>>();

/** From the first `#` that may begin a comment: a string with one in it costs a finding, never adds one. */
function commentOf(line: string): string | null {
  const at = line.indexOf("#");
  return at === -1 ? null : line.slice(at);
}

function isAbout(comment: string, kind: string, code: string): boolean {
  const noqa = /#\s*noqa\b(?:\s*:\s*([A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*))?/i.exec(comment);
  if (noqa && (noqa[1] === undefined || matches(noqa[1], names[kind]?.noqa, code))) return true;
  const mypy = /#\s*(?:type|mypy|ty|pyrefly|pyre)\s*:\s*ignore\b(?:\s*\[([^\]]*)\])?/i.exec(comment);
  if (mypy && (mypy[1] === undefined || matches(mypy[1], names[kind]?.mypy, code))) return true;
  if (/#\s*pyre-(ignore|fixme)\b|#\s*nopep8\b|#\s*noinspection\b/i.test(comment)) return true;
  const pyright = /#\s*(?:based)?pyright\s*:\s*ignore\b(?:\s*\[([^\]]*)\])?/i.exec(comment);
  if (pyright && (pyright[1] === undefined || matches(pyright[1], undefined, code))) return true;
  return isPylint(comment, kind, code);
}

function isPylint(comment: string, kind: string, code: string): boolean {
  const pylint = /#\s*pylint\s*:\s*disable(?:-next|-line)?\s*=\s*([\w\-,\s]+)/i.exec(comment);
  return (
    pylint !== null &&
    (/\ball\b/.test(pylint[1] ?? "") || matches(pylint[1] ?? "", names[kind]?.pylint, code))
  );
}

function matches(list: string, pattern: RegExp | undefined, code: string): boolean {
  return list
    .split(/[,\s]+/)
    .filter(Boolean)
    .some((one) => one === code || (pattern?.test(one) ?? false));
}

/** A comment on a line of its own that holds for the file, or (pylint's) for what follows. */
function isForFile(text: string, index: number, kind: string, code: string): boolean {
  if (!/^\s*#/.test(text)) return false;
  if (
    index < 30 &&
    /^#\s*(type:\s*ignore\s*$|mypy:\s*ignore-errors|pyright:\s*ignore\s*$|(ruff|flake8):\s*noqa\s*$|pylint:\s*skip-file|pyre-ignore-all)/.test(
      text.trim(),
    )
  )
    return true;
  const listed = /^#\s*(?:ruff|flake8)\s*:\s*noqa\s*:\s*([\w,\s]+)/.exec(text.trim());
  if (listed && matches(listed[1] ?? "", names[kind]?.noqa, code)) return true;
  return isPylint(text, kind, code);
}
