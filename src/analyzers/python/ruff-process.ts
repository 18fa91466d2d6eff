import * as z from "zod";
import { messageOf } from "../../errors.js";
import { eachOf } from "../warm/answer.js";

const ruff = await import("@astral-sh/ruff-wasm-nodejs");

const question = z.object({ key: z.string(), text: z.string(), select: z.array(z.string()) });
const diagnostic = z.object({
  code: z.string().nullable(),
  message: z.string(),
  start_location: z.object({ row: z.number(), column: z.number() }),
});

type RuffWorkspace = InstanceType<typeof ruff.Workspace>;
const workspaces = new Map<string, RuffWorkspace>();

export const analyse = eachOf(question, ({ text, select }) => {
  const rules = select.join(" ");
  const workspace = workspaces.get(rules) ?? open(select);
  workspaces.set(rules, workspace);
  try {
    const found = z.array(diagnostic).parse(workspace.check(text));
    return {
      found: found.map((one) => ({
        code: one.code ?? "invalid-syntax",
        message: one.message,
        line: one.start_location.row,
      })),
    };
  } catch (error) {
    // A panic leaves it unusable.
    workspaces.delete(rules);
    return { found: [], lost: messageOf(error).slice(0, 200) };
  }
});

/** The newest syntax is no mistake: what a project runs on is not known for certain. */
function open(select: readonly string[]): RuffWorkspace {
  const options = { "target-version": "py314", lint: { select } };
  return new ruff.Workspace(options, ruff.PositionEncoding.Utf16);
}
