import { afterEach, expect, it } from "vitest";
import { filesImporting, searchContents, soughtIn } from "../../src/change/content.js";
import { openRepository } from "../../src/change/repository.js";
import { type TestRepository, testRepository } from "../support/repository.js";

let repository: TestRepository;
afterEach(() => repository.remove());

const { signal } = new AbortController();

async function hits(text: string): Promise<Record<string, Record<string, number>>> {
  const opened = await openRepository(repository.sluice(), undefined);
  const notes: string[] = [];
  const found = await searchContents(opened, soughtIn(text), { signal, note: (note) => notes.push(note) });
  expect(notes).toEqual([]);
  return Object.fromEntries([...found].map(([word, files]) => [word, Object.fromEntries(files)]));
}

it("counts words where they begin and end, and names as they stand, in files of any name", async () => {
  repository = testRepository();
  const text = "retry, retried\nuseRetryLimit notretry Retrying retrying\nsend_file resend_file\n";
  repository.write({
    "src/a.ts": text,
    "src/b c.ts": "retry\r\nretry\r\n",
    "ünï.py": "retries",
    'quote".ts': "retry",
    "two\nlines.ts": "retry",
    "plain.ts": "nothing",
    "data.bin": "retry\0retry",
  });
  repository.commit("Add files");
  repository.write({ "untracked.ts": "retry" });

  expect(await hits("Retry what send_file does")).toEqual({
    retry: {
      "src/a.ts": 5,
      "src/b c.ts": 2,
      "ünï.py": 1,
      'quote".ts': 1,
      // Of a name in two lines only the first is seen: no file has it.
      two: 1,
      "untracked.ts": 1,
    },
    send_file: { "src/a.ts": 1 },
    "send file": { "src/a.ts": 1 },
  });
});

it("finds who may import a name by lines that look like it, in Go by strings of their own too", async () => {
  repository = testRepository();
  repository.write({
    "a.ts": 'import { store } from "./store.js";\n',
    "b.ts": 'log("the store is full");\nconst restore = 1;\n',
    "c.py": "from cache import store\n",
    "d.go": 'import (\n\t"fmt"\n\tkept "example.com/cache/store"\n)\n',
  });
  repository.commit("Add files");
  const opened = await openRepository(repository.sluice(), undefined);
  const found = async (isGo: boolean) => [
    ...((await filesImporting(opened, ["store"], { isGo, signal })) ?? []),
  ];
  expect(await found(false)).toEqual(["a.ts", "c.py"]);
  expect(await found(true)).toEqual(["a.ts", "c.py", "d.go"]);
});
