// A process that writes into a work tree what its arguments say: [path, before | null, after | null][] as JSON.
import { openRepository } from "../../dist/src/change/repository.js";
import { writeAllOrNothing } from "../../dist/src/change/write-files.js";
import { createSluice } from "../../dist/src/sluice.js";

const bytes = (text) => (text === null ? null : Buffer.from(text));
const repository = await openRepository(createSluice(), undefined);
const writes = JSON.parse(process.argv[2] ?? "[]").map(([path, before, after]) => ({
  path,
  before: bytes(before),
  after: bytes(after),
  mode: path.endsWith(".sh") ? 0o755 : 0o644,
}));
const why = await writeAllOrNothing(repository, writes);
if (why !== null) throw new Error(why);
