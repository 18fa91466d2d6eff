import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openChange } from "../../src/change/change.js";
import type { Change, ChangedFile } from "../../src/change/types.js";
import { repository } from "./repositories.js";

async function only(change: Promise<Change>): Promise<ChangedFile> {
  const { files } = await change;
  expect(files).toHaveLength(1);
  const [file] = files;
  if (file === undefined) throw new Error("no file");
  return file;
}

describe("the diff of a change", () => {
  it("knows renames, modes, binaries, links, deletions and empty files", async () => {
    const repo = repository();
    const body = Array.from({ length: 20 }, (_, line) => `line ${line}\n`).join("");
    repo.write({
      "old name.ts": body,
      "run.sh": "1\n",
      "b.bin": Buffer.from([0, 1]),
      gone: "1\n2\n",
      same: body,
    });
    repo.write({ "moved.bin": Buffer.from([0, 2, 3, 4]), "to-file": null });
    repo.link("link", "a");
    repo.link("to-file", "a");
    repo.commit();
    repo.write({
      "old name.ts": null,
      "neu é.ts": `${body}more\n`,
      "run.sh*": "1\n",
      "b.bin": Buffer.from([0, 2]),
    });
    repo.write({ gone: null, empty: "", "moved.bin": null, "here/moved.bin": Buffer.from([0, 2, 3, 4]) });
    repo.write({ link: null, "to-file": null });
    repo.write({ "to-file": "text\n" });
    repo.link("link", "elsewhere");
    const change = await openChange(repo.sluice(), {});
    const told = change.files.map((file) => [
      file.path,
      file.status,
      file.oldPath,
      `${file.oldMode} ${file.newMode}`,
      file.kind,
      file.added,
      file.deleted,
    ]);
    expect(told).toEqual([
      ["b.bin", "modified", null, "100644 100644", "binary", null, null],
      ["empty", "added", null, "000000 100644", "text", 0, 0],
      ["gone", "deleted", null, "100644 000000", "text", 0, 2],
      ["here/moved.bin", "renamed", "moved.bin", "100644 100644", "binary", null, null],
      ["link", "modified", null, "120000 120000", "symlink", 1, 1],
      ["neu é.ts", "renamed", "old name.ts", "100644 100644", "text", 1, 0],
      ["run.sh", "modified", null, "100644 100755", "text", 0, 0],
      ["to-file", "type-changed", null, "120000 100644", "text", 1, 1],
    ]);
    expect(change.files.find(({ path }) => path === "gone")).toMatchObject({ newId: null });
    expect(change.files.find(({ path }) => path === "to-file")?.hunks.flatMap(({ lines }) => lines)).toEqual([
      "-a",
      "\\ No newline at end of file",
      "+text",
    ]);
  });

  it("reads lines that look like headers as what they are", async () => {
    const repo = repository();
    repo.write({ "q.sql": "-- a\n++ b\n@@ -1 +1 @@\ndiff --git a/x b/x\nBinary files a and b differ\n" });
    repo.commit();
    const after =
      "- a\n+++ b\n@@ -1,2 +1 @@\ndiff --git a/y b/y\nBinary files c and d differ\n\\ No newline\n";
    repo.write({ "q.sql": after });
    const file = await only(openChange(repo.sluice(), {}));
    expect([file.kind, file.added, file.deleted]).toEqual(["text", 6, 5]);
    expect(file.hunks.flatMap(({ lines }) => lines)).toContain("--- a");
    expect(file.hunks.flatMap(({ lines }) => lines)).toContain("++++ b");
  });

  it("keeps carriage returns, other line separators and the missing newline", async () => {
    const repo = repository();
    repo.write({ a: "one\r\ntwo\u2028\x0b\x0c\rthree\nlast" });
    const file = await only(openChange(repo.sluice(), {}));
    expect(file.hunks[0]?.lines).toEqual([
      "+one\r",
      "+two\u2028\x0b\x0c\rthree",
      "+last",
      "\\ No newline at end of file",
    ]);
    repo.commit();
    repo.write({ a: "one\r\ntwo\u2028\x0b\x0c\rthree\nlast\n" });
    const newline = await only(openChange(repo.sluice(), {}));
    expect(newline.hunks[0]?.lines).toEqual(["-last", "\\ No newline at end of file", "+last"]);
  });

  it("keeps bytes apart that are no UTF-8", async () => {
    const repo = repository();
    repo.write({ "latin.txt": Buffer.from("caf\xe9 na\xefve\n", "latin1"), utf: "café 漢 🎉 \ufffd\n" });
    const { files } = await openChange(repo.sluice(), {});
    expect(files.map(({ hunks }) => hunks[0]?.lines)).toEqual([
      ["+caf\uf7e9 na\uf7efve"],
      ["+café 漢 🎉 \ufffd"],
    ]);
  });

  it("is the same whatever the user or the repository configured", async () => {
    const repo = repository();
    const lines = Array.from({ length: 30 }, (_, line) => `  line ${line % 7}\n`);
    repo.write({ "a.ts": lines.join(""), "b.ts": "x\n", "c.ts": lines.slice(3).join("") });
    repo.commit();
    lines.splice(4, 3, "  new {\n", "  }\n", "\n");
    repo.write({ "a.ts": lines.join(""), "c.ts": null, "d.ts": lines.slice(3).join(""), "sub/e.ts": "y\n" });
    const plain = await openChange(repo.sluice(), {});
    const text = await plain.objects.diff();
    expect(text).toContain("rename from c.ts");
    for (const [key, value] of Object.entries({
      "diff.noprefix": "true",
      "diff.mnemonicPrefix": "true",
      "diff.algorithm": "minimal",
      "diff.renames": "false",
      "diff.renameLimit": "1",
      "diff.context": "9",
      "diff.interHunkContext": "9",
      "diff.indentHeuristic": "true",
      "diff.relative": "true",
      "diff.orderFile": "/nowhere",
      "diff.wsErrorHighlight": "all",
      "diff.submodule": "log",
      "diff.suppressBlankEmpty": "true",
      "color.ui": "always",
      "core.quotePath": "true",
      "core.abbrev": "5",
      "core.bigFileThreshold": "1",
      "diff.hide.binary": "true",
      "diff.hide.xfuncname": "^x",
      "core.attributesFile": `${repo.path}/.git/attributes`,
    })) {
      repo.git("config", key, value);
    }
    repo.write({ ".git/info/attributes": "* -diff\n", ".git/attributes": "* diff=hide\n" });
    const configured = await openChange(repo.sluice(), {});
    expect(configured.files).toEqual(plain.files);
    expect(await configured.objects.diff()).toBe(text);
    // Nor can a change make its own files binary.
    repo.write({ ".gitattributes": "*.ts -diff\n*.ts binary\n" });
    const hidden = await openChange(repo.sluice(), {});
    expect(hidden.files.filter(({ path }) => path !== ".gitattributes")).toEqual(plain.files);
  });

  it("gives the text of the files asked for, renames as renames", async () => {
    const repo = repository();
    repo.write({ "a.ts": "1\n2\n3\n", "b.ts": "1\n" });
    repo.commit();
    repo.git("mv", "a.ts", "c.ts");
    repo.write({ "b.ts": "2\n", "d.ts": "1\n" });
    const { objects } = await openChange(repo.sluice(), {});
    expect((await objects.diff(["c.ts"])).split("\n").slice(0, 3)).toEqual([
      "diff --git a/a.ts b/c.ts",
      "similarity index 100%",
      "rename from a.ts",
    ]);
    expect(await objects.diff(["d.ts", "no.ts"])).toContain("+++ b/d.ts");
    expect(await objects.diff([])).toBe("");
    expect((await objects.diff()).match(/^diff --git/gm)).toHaveLength(3);
    expect(
      (await openChange(repo.sluice(), { paths: ["b.ts"] }).then((change) => change.objects.diff())).match(
        /^diff/gm,
      ),
    ).toHaveLength(1);
  });

  it("turns base into head when its hunks are applied", async () => {
    const line = fc.constantFrom(
      "a",
      "b",
      " b",
      "",
      "-- x",
      "++ y",
      "@@ -1 +1 @@",
      "diff --git a/a b/a",
      "\\ No",
      "z\r",
    );
    const file = fc.tuple(fc.array(line, { maxLength: 12 }), fc.boolean());
    const text = ([lines, ends]: [string[], boolean]) =>
      lines.join("\n") + (ends && lines.length > 0 ? "\n" : "");
    const repo = repository();
    repo.commit();
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(file, file), { minLength: 40, maxLength: 40 }), async (pairs) => {
        for (const [position, [before]] of pairs.entries()) repo.write({ [`${position}.txt`]: text(before) });
        repo.commit();
        for (const [position, [, after]] of pairs.entries()) repo.write({ [`${position}.txt`]: text(after) });
        const change = await openChange(repo.sluice(), { base: "HEAD", head: "WORKTREE" });
        const changed = new Map(change.files.map((each) => [each.path, each]));
        for (const [position, [before, after]] of pairs.entries()) {
          const touched = changed.get(`${position}.txt`);
          expect(touched === undefined).toBe(text(before) === text(after));
          if (touched !== undefined) expect(applied(text(before), touched)).toBe(text(after));
        }
      }),
      { numRuns: 5, endOnFailure: true },
    );
  });

  it("takes 10,000 files without a process for each", async () => {
    const repo = repository();
    repo.commit();
    let stream =
      "commit refs/heads/main\ncommitter T <t@example.com> 1767323045 +0000\ndata 1\nx\nfrom refs/heads/main^0\n";
    for (let file = 0; file < 10_000; file += 1) {
      const content = `export const x${file} = ${file};\n`;
      stream += `M 100644 inline d${file % 100}/f${file}.ts\ndata ${content.length}\n${content}\n`;
    }
    execFileSync("git", ["fast-import", "--quiet"], { cwd: repo.path, input: stream });
    const added = await openChange(repo.sluice(), { base: "main~1", head: "main" });
    expect(added.files).toHaveLength(10_000);
    expect(added.files.every(({ added: lines, hunks }) => lines === 1 && hunks.length === 1)).toBe(true);
    // Nothing of it was ever checked out.
    const deleted = await openChange(repo.sluice(), { base: "main", head: "WORKTREE" });
    expect(deleted.files.filter(({ status }) => status === "deleted")).toHaveLength(10_000);
    // A process for each would be 20,000.
  }, 30_000);
});

/** Applies the hunks of a `-U0` diff, as `patch` would. */
function applied(before: string, file: ChangedFile): string {
  const old = before.split("\n");
  const ended = old.at(-1) === "";
  if (ended) old.pop();
  const result: string[] = [];
  let at = 0;
  let endsWithNewline = ended;
  for (const hunk of file.hunks) {
    const start = hunk.oldLines === 0 ? hunk.oldStart : hunk.oldStart - 1;
    result.push(...old.slice(at, start));
    at = start + hunk.oldLines;
    let last = "";
    for (const line of hunk.lines) {
      if (line.startsWith("+")) {
        result.push(line.slice(1));
        endsWithNewline = true;
      } else if (line.startsWith("\\") && last.startsWith("+")) endsWithNewline = false;
      last = line;
    }
    const added = hunk.lines.filter((line) => line.startsWith("+")).length;
    expect([added, hunk.lines.filter((line) => line.startsWith("-")).length]).toEqual([
      hunk.newLines,
      hunk.oldLines,
    ]);
    if (at >= old.length && added === 0) endsWithNewline = true;
  }
  result.push(...old.slice(at));
  if (at < old.length) endsWithNewline = ended;
  return result.length === 0 ? "" : result.join("\n") + (endsWithNewline ? "\n" : "");
}
