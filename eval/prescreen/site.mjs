// A site: one place where one mistake of one class can be made, as edits of a file's text.

/** The classes of mistakes, each with the classes of findings that name it rightly. */
export const classes = {
  "missing-import": ["undefined-name"],
  "undefined-name": ["undefined-name"],
  "missing-return": ["missing-return"],
  "self-comparison": ["self-comparison"],
  "duplicate-key": ["duplicate-key"],
  "reassigned-constant": ["constant-assignment"],
  "null-access": ["null-access"],
  "argument-count": ["argument-count"],
};

/** `edits` are `{start, end, text}` in UTF-16 units of the file's text. */
export function site(name, variant, text, edits, note) {
  const start = Math.min(...edits.map((edit) => edit.start));
  return { class: name, variant, line: text.slice(0, start).split("\n").length, edits, note };
}

export function applied(text, edits) {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((result, { start, end, text: put }) => result.slice(0, start) + put + result.slice(end), text);
}

/** What a person sees of it: the lines before and after, at most three of each. */
export function shown(text, edits) {
  const after = applied(text, edits);
  const before = text.split("\n");
  const lines = after.split("\n");
  let top = 0;
  while (top < before.length && before[top] === lines[top]) top += 1;
  let bottom = 0;
  while (
    bottom < Math.min(before.length, lines.length) - top &&
    before[before.length - 1 - bottom] === lines[lines.length - 1 - bottom]
  )
    bottom += 1;
  const cut = (all) =>
    all
      .slice(top, all.length - bottom)
      .slice(0, 3)
      .map((line) => line.trim().slice(0, 160));
  return { before: cut(before), after: cut(lines) };
}

const suppressed =
  /noqa|type:\s*ignore|pyright:\s*ignore|pylint:\s*disable|@ts-(ignore|expect-error|nocheck)|(eslint|oxlint|biome)-(disable|ignore)/;

/** Does a comment at the place ask checkers to be silent? A mistake there is asked not to be found. */
export function isSilenced(text, { line, edits }) {
  const last = text.slice(0, Math.max(...edits.map(({ end }) => end))).split("\n").length;
  return text
    .split("\n")
    .slice(Math.max(0, line - 2), last)
    .some((near) => suppressed.test(near));
}

/** Is the whole file one that asks checkers to be silent, or in a dialect that they do not read? */
export function isSilencedFile(text) {
  return (
    text.startsWith("\ufeff") ||
    text
      .split("\n", 30)
      .some((line) =>
        /^\s*(\/[/*]+|#|\*)\s*(@ts-nocheck|@flow|@generated|type:\s*ignore|eslint-disable\s*(\*\/)?$|mypy:\s*ignore-errors|(ruff|flake8):\s*noqa\s*$|pylint:\s*(skip-file|disable=all))/.test(
          line,
        ),
      )
  );
}
