import v8 from "node:v8";
import * as z from "zod";
import { messageOf } from "../errors.js";
import { answerRequest } from "./answer.js";

// Measured: V8's optimising compiler spends 5 s and 440 MB on ruff's 10 MB of WebAssembly, in the background, for
// nothing. The flag holds for the whole process, which is one reason why this is a process of its own.
v8.setFlagsFromString("--liftoff-only");
const ruff = await import("@astral-sh/ruff-wasm-nodejs");

const request = z.object({
  select: z.array(z.string()),
  files: z.array(z.object({ key: z.string(), text: z.string() })),
});
const diagnostic = z.object({
  code: z.string().nullable(),
  message: z.string(),
  start_location: z.object({ row: z.number(), column: z.number() }),
});

function analyse(text: string) {
  const { select, files } = request.parse(JSON.parse(text));
  // The newest syntax is no mistake: what a project runs on is not known for certain.
  const options = { "target-version": "py314", lint: { select } };
  let workspace = new ruff.Workspace(options, ruff.PositionEncoding.Utf16);
  return files.map(({ key, text: source }) => {
    try {
      const found = z.array(diagnostic).parse(workspace.check(source));
      return {
        key,
        found: found.map((one) => ({
          code: one.code ?? "invalid-syntax",
          message: one.message,
          line: one.start_location.row,
        })),
      };
    } catch (error) {
      // A panic leaves the old one unusable.
      workspace = new ruff.Workspace(options, ruff.PositionEncoding.Utf16);
      return { key, found: [], lost: messageOf(error).slice(0, 200) };
    }
  });
}

await answerRequest(analyse);
