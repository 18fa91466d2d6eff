import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { type ChangeArguments, openChange } from "../../src/change/change.js";
import { fingerprint } from "../../src/change/fingerprint.js";
import type { Change, ChangedFile } from "../../src/change/types.js";
import { type TestRepository, testRepository } from "../support/repository.js";

const repositories: TestRepository[] = [];

function newRepository(options?: Parameters<typeof testRepository>[0]): TestRepository {
  const repository = testRepository(options);
  repositories.push(repository);
  return repository;
}

afterEach(() => {
  for (const repository of repositories.splice(0)) repository.remove();
});

async function of(repository: TestRepository, args: ChangeArguments): Promise<string> {
  return fingerprint(await openChange(repository.sluice(), args)).fingerprint;
}

const numbered = (count: number) => Array.from({ length: count }, (_, number) => `line ${number}`);
const text = (lines: readonly string[], end = "\n") => lines.map((line) => line + end).join("");

/** One repository with `before` committed and `after` in the work tree. */
async function between(
  before: Record<string, string | Buffer | null>,
  after: Record<string, string | Buffer | null>,
): Promise<string> {
  const repository = newRepository();
  repository.write(before);
  repository.commit();
  repository.write(after);
  return of(repository, { head: "WORKTREE" });
}

describe("the same fingerprint", () => {
  it("after a rebase onto unrelated commits that shift its lines and touch other files", async () => {
    const repository = newRepository();
    const lines = numbered(60);
    repository.write({ "a.ts": text(lines), "other.ts": "1\n" });
    repository.commit();
    repository.git("switch", "-qc", "feature");
    const edited = [...lines.slice(0, 30), "inserted", ...lines.slice(30, 49), "changed", ...lines.slice(50)];
    repository.write({ "a.ts": text(edited), "new file.ts": "new\n" });
    repository.commit();
    const before = await of(repository, { base: "main", head: "feature" });
    repository.git("switch", "-q", "main");
    repository.write({ "a.ts": text(["header 1", "header 2", ...lines]), "other.ts": "2\n" });
    repository.commit();
    repository.git("switch", "-q", "feature");
    repository.git("rebase", "-q", "main");
    expect(await of(repository, { base: "main", head: "feature" })).toBe(before);
  });

  it("as commit, staged, in the work tree and as a pasted diff", async () => {
    const repository = newRepository();
    repository.write({ "a.ts": text(numbered(9)), "b.ts": "gone\n" });
    const base = repository.commit();
    repository.write({ "a.ts": text([...numbered(9), "more"]), "b.ts": null, "c.ts": "new\n" });
    const worktree = await of(repository, { head: "WORKTREE" });
    repository.git("add", "-A");
    const staged = await of(repository, { head: "STAGED" });
    const diff = repository.git("diff", "--cached", "--binary");
    repository.commit();
    const committed = await of(repository, { base, head: "HEAD" });
    expect([staged, committed, await of(repository, { base, diff })]).toEqual([worktree, worktree, worktree]);
  });

  it("whatever the user's git configuration and attributes say of diffs", async () => {
    const repository = newRepository();
    const lines = numbered(40);
    repository.write({ "a.ts": text(lines), "b c.py": text(lines) });
    repository.commit();
    repository.write({
      "a.ts": text(["x", ...lines.filter((_, number) => number % 4 !== 0)]),
      "b c.py": text(lines.map((line, number) => (number % 3 === 0 ? ` ${line}` : line))),
    });
    const before = await of(repository, {});
    const settings: [string, string][] = [
      ["diff.context", "9"],
      ["diff.interHunkContext", "9"],
      ["diff.noprefix", "true"],
      ["diff.mnemonicPrefix", "true"],
      ["diff.algorithm", "patience"],
      ["diff.indentHeuristic", "true"],
      ["diff.renames", "copies"],
      ["diff.external", "false"],
      ["diff.suppressBlankEmpty", "true"],
      ["diff.wsErrorHighlight", "all"],
      ["diff.submodule", "log"],
      ["diff.orderFile", "/nonexistent"],
      ["diff.ts.textconv", "false"],
      ["diff.ts.binary", "true"],
      ["color.ui", "always"],
      ["core.quotePath", "true"],
      ["core.abbrev", "4"],
      ["core.whitespace", "trailing-space"],
    ];
    for (const [name, value] of settings) repository.git("config", name, value);
    repository.git("config", "core.attributesFile", `${repository.path}/.git/attributes`);
    repository.write({ ".git/attributes": "*.ts diff=ts\n*.py -diff\n" });
    expect(await of(repository, {})).toBe(before);
  });

  it("from a CRLF checkout, and between repositories of either line end", async () => {
    const lines = numbered(20);
    const edited = [...lines.slice(0, 8), "changed", ...lines.slice(9), "last"];
    const fingerprints: string[] = [];
    for (const [ends, autocrlf] of [
      ["\n", "false"],
      ["\r\n", "false"],
      ["\r\n", "true"],
    ] as const) {
      const repository = newRepository();
      repository.git("config", "core.autocrlf", autocrlf);
      repository.write({ "a.ts": text(lines, ends) });
      repository.commit();
      repository.write({ "a.ts": text(edited, ends) });
      fingerprints.push(await of(repository, { head: "WORKTREE" }));
    }
    expect(new Set(fingerprints).size).toBe(1);
  });

  it("in SHA-1 and SHA-256 repositories", async () => {
    const fingerprints: string[] = [];
    for (const objectFormat of ["sha1", "sha256"] as const) {
      const repository = newRepository({ objectFormat });
      repository.write({ "a.ts": "1\n" });
      repository.commit();
      repository.write({ "a.ts": "2\n", "run.sh*": "x\n" });
      fingerprints.push(await of(repository, {}));
    }
    expect(fingerprints[0]).toBe(fingerprints[1]);
  });
});

const body = "def f():\n    a()\n    b()\n\ndef g():\n    c()\n";
const blob = (byte: number) => Buffer.from([0, 1, 2, byte]);

describe("another fingerprint", () => {
  const differences: [
    string,
    Record<string, string | Buffer | null>,
    Record<string, string | Buffer | null>,
    Record<string, string | Buffer | null>,
  ][] = [
    [
      "a Python dedent",
      { "a.py": body },
      { "a.py": body.replace("    b()", "    d()") },
      { "a.py": body.replace("    b()", "d()") },
    ],
    ["a space inside a string", { "a.js": "x\n" }, { "a.js": 'x = "a b"\n' }, { "a.js": 'x = "ab"\n' }],
    ["a space at the end", { "a.md": "x\n" }, { "a.md": "y\n" }, { "a.md": "y  \n" }],
    ["a mode", { "a.sh": "x\n" }, { "a.sh": "y\n" }, { "a.sh*": "y\n" }],
    ["another name for a new file", { z: "z\n" }, { "a.ts": "x\n" }, { "b.ts": "x\n" }],
    [
      "a rename",
      { "a.ts": text(numbered(20)) },
      { "a.ts": null, "b.ts": text(numbered(20)) },
      { "a.ts": null, "c.ts": text(numbered(20)) },
    ],
    ["the case of a path", { z: "z\n" }, { "a.ts": "x\n" }, { "A.ts": "x\n" }],
    ["binary content", { "a.bin": blob(3) }, { "a.bin": blob(4) }, { "a.bin": blob(5) }],
    [
      "a Latin-1 byte",
      { "a.txt": "x\n" },
      { "a.txt": Buffer.from([0xe9, 10]) },
      { "a.txt": Buffer.from([0xe8, 10]) },
    ],
    ["the last newline", { "a.txt": "x\n" }, { "a.txt": "y\n" }, { "a.txt": "y" }],
    ["which way line ends went", { "a.sh": "a\nb\r\n" }, { "a.sh": "a\r\nb\r\n" }, { "a.sh": "a\nb\n" }],
    ["one line turned to CRLF", { "a.sh": "a\nb\nc\n" }, { "a.sh": "a\nB\nC\n" }, { "a.sh": "a\nB\r\nC\n" }],
    ["the order of lines", { "a.ts": "a\nb\n" }, { "a.ts": "x\ny\n" }, { "a.ts": "y\nx\n" }],
    ["an empty file", { z: "z\n" }, { "a.ts": "" }, { "a.ts": "", "b.ts": "" }],
    ["a deletion", { "a.ts": "x\n", "b.ts": "x\n" }, { "a.ts": null }, { "b.ts": null }],
  ];

  it.each(differences)("for %s", async (_, before, one, other) => {
    expect(await between(before, one)).not.toBe(await between(before, other));
  });

  it("for a swapped pair of hunks", async () => {
    const lines = numbered(30);
    const at = (first: string, second: string) => text([first, ...lines, second]);
    const before = { "a.ts": text(["0", ...lines, "0"]) };
    expect(await between(before, { "a.ts": at("x", "y") })).not.toBe(
      await between(before, { "a.ts": at("y", "x") }),
    );
  });

  it("for a link's target and a file in its place", async () => {
    const seen: string[] = [];
    for (const change of [
      (to: TestRepository) => to.link("a", "one"),
      (to: TestRepository) => to.link("a", "two"),
      (to: TestRepository) => to.write({ a: "one" }),
    ]) {
      const repository = newRepository();
      repository.write({ z: "z\n" });
      repository.commit();
      change(repository);
      seen.push(await of(repository, {}));
    }
    expect(new Set(seen).size).toBe(3);
  });

  it("for a submodule moved to another commit", async () => {
    const inner = newRepository();
    inner.write({ x: "1\n" });
    const commits = ["1\n", "2\n", "3\n"].map((content) => {
      inner.write({ x: content });
      return inner.commit();
    });
    const repository = newRepository();
    repository.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.path, "sub");
    const moved: string[] = [];
    repository.git("-C", "sub", "checkout", "-q", commits[0] ?? "");
    const base = repository.commit();
    for (const commit of commits.slice(1)) {
      repository.git("-C", "sub", "checkout", "-q", commit);
      repository.git("add", "sub");
      moved.push(await of(repository, { base, head: "STAGED" }));
    }
    expect(moved[0]).not.toBe(moved[1]);
  });
});

it("tells a change of line ends only", async () => {
  const repository = newRepository();
  repository.write({ "a.ts": "a\nb\n", "b.ts": "c\n" });
  repository.commit();
  repository.write({ "a.ts": "a\r\nb\r\n" });
  expect(fingerprint(await openChange(repository.sluice(), {})).eol_only).toBe(true);
  repository.write({ "b.ts": "d\n" });
  expect(fingerprint(await openChange(repository.sluice(), {})).eol_only).toBe(false);
});

describe("of any files", () => {
  const line = fc
    .tuple(fc.constantFrom("-", "+"), fc.string({ maxLength: 6 }))
    .map(([sign, rest]) => sign + rest.replace(/[\r\n]/g, "_"));
  const hunk = fc.record({
    oldStart: fc.nat(1_000),
    oldLines: fc.nat(9),
    newStart: fc.nat(1_000),
    newLines: fc.nat(9),
    lines: fc.array(line, { minLength: 1, maxLength: 4 }),
  });
  const file: fc.Arbitrary<ChangedFile> = fc.record({
    status: fc.constantFrom("added", "deleted", "modified", "renamed"),
    path: fc.string({ minLength: 1, maxLength: 6 }),
    oldPath: fc.option(fc.string({ minLength: 1, maxLength: 6 })),
    oldMode: fc.constantFrom("000000", "100644", "100755"),
    newMode: fc.constantFrom("000000", "100644", "100755"),
    oldId: fc.constant("1"),
    newId: fc.constant("2"),
    kind: fc.constant("text"),
    generated: fc.constant(null),
    added: fc.nat(9),
    deleted: fc.nat(9),
    hunks: fc.array(hunk, { minLength: 1, maxLength: 3 }),
  });
  const files = fc.uniqueArray(file, { selector: ({ path }) => path, minLength: 1, maxLength: 5 });
  const hash = (list: Change["files"]) => fingerprint({ files: list }).fingerprint;

  it("does not depend on their order, line numbers or ids of text", () => {
    fc.assert(
      fc.property(files, fc.nat(), (list, shift) => {
        const moved = list.map((one) => ({
          ...one,
          oldId: "3",
          newId: `${shift}`,
          hunks: one.hunks.map((part) => ({ ...part, oldStart: part.oldStart + shift, newStart: shift })),
        }));
        expect(hash(moved.reverse())).toBe(hash(list));
      }),
    );
  });

  it("does not depend on a carriage return at the end of each line", () => {
    const withReturns = (one: ChangedFile) => ({
      ...one,
      hunks: one.hunks.map((part) => ({ ...part, lines: part.lines.map((entry) => `${entry}\r`) })),
    });
    fc.assert(
      fc.property(files, (list) => {
        expect(hash(list.map(withReturns))).toBe(hash(list));
      }),
    );
  });

  it("is another when what they say is another", () => {
    const said = (list: Change["files"]) =>
      JSON.stringify(
        list
          .map(({ status, path, oldPath, oldMode, newMode, hunks }) => [
            path,
            status,
            oldPath,
            oldMode === newMode ? null : [oldMode, newMode],
            hunks.map(({ lines }) => lines),
          ])
          .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1)),
      );
    fc.assert(
      fc.property(files, files, (one, other) => {
        expect(hash(one) === hash(other)).toBe(said(one) === said(other));
      }),
    );
  });
});

it("hashes a change of 10,000 files in a fraction of a second", () => {
  const list = Array.from({ length: 10_000 }, (_, number): ChangedFile => {
    const lines = Array.from({ length: 20 }, (_, count) => `+const value${count} = ${number};`);
    const place = { oldStart: 1, oldLines: 0, newStart: 1, newLines: 20 };
    return {
      ...{ status: "added", path: `src/${number}.ts`, oldPath: null, oldMode: "000000", newMode: "100644" },
      ...{ oldId: null, newId: `${number}`, kind: "text", generated: null, added: 20, deleted: 0 },
      hunks: [{ ...place, lines }],
    };
  });
  fingerprint({ files: list });
  const started = process.cpuUsage();
  expect(fingerprint({ files: list }).files).toHaveLength(10_000);
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(1_000);
});
