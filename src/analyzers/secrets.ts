import { posix } from "node:path";
import * as z from "zod";
import type { Side } from "../change/types.js";
import { type BothSides, type Engine, evidenceOf, pathOn, sides } from "./engine.js";
import { isFixture, isTest } from "./files.js";
import { callOwnProcess } from "./own-process.js";

const answer = z.array(
  z.object({
    key: z.string(),
    code: z.string(),
    what: z.string(),
    severity: z.enum(["certain", "likely"]),
    line: z.number(),
    value: z.string(),
    hash: z.string(),
  }),
);

/** Hard-coded secrets: secretlint's recommended rules and our own for what they leave out. */
export const secrets: Engine = {
  name: "secrets",
  languages: "text",
  handles: () => true,
  timeout: 30_000,
  async analyse({ files, workspace, signal }) {
    const request: { key: string; path: string; text: string }[] = [];
    const where = new Map<string, { side: Side; path: string; text: string }>();
    for (const file of files) {
      for (const side of sides) {
        const path = pathOn(file, side);
        const text = path === null ? null : await workspace.text(side, path);
        if (path === null || text === null) continue;
        const key = `${side}:${path}`;
        where.set(key, { side, path, text });
        request.push({ key, path, text });
      }
    }
    const found: BothSides = { base: [], head: [] };
    const cwd = await workspace.emptyFolder();
    const options = { cwd, env: await workspace.environment(), timeout: this.timeout, signal };
    for (const one of await callOwnProcess("secrets-process", request, answer, options)) {
      const file = where.get(one.key);
      if (!file) continue;
      const masked = (file.text.split(/\r?\n/)[one.line - 1] ?? "").replaceAll(one.value, "********");
      found[file.side].push({
        code: one.code,
        class: "secret",
        severity: isForShow(file.path) ? "hint" : one.severity,
        message: `Hard-coded ${one.what}. Take it from the environment or a secret store; if it was ever real, revoke it.`,
        path: file.path,
        line: one.line,
        evidence: evidenceOf(masked),
        subject: one.hash,
      });
    }
    return found;
  },
};

/** Tests, examples and documentation show secrets that open nothing. */
function isForShow(path: string): boolean {
  return (
    isTest(path) ||
    isFixture(path) ||
    /\.(md|mdx|rst|adoc|txt|example|sample|template|dist|snap)$/i.test(path) ||
    /(^|\/)docs?\//i.test(path) ||
    /example|sample/i.test(posix.basename(path))
  );
}
