import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes a program of a few lines of JavaScript; `record(value)` in it is read back by `received`. */
export function writeProgram(folder: string, name: string, script: string): string {
  const file = join(folder, `${name}.mjs`);
  const log = JSON.stringify(`${file}.log`);
  writeFileSync(`${file}.log`, "");
  writeFileSync(
    file,
    `#!${process.execPath}
import { appendFileSync } from "node:fs";
const record = (value) => appendFileSync(${log}, JSON.stringify(value) + "\\n");
${script}`,
  );
  chmodSync(file, 0o755);
  return file;
}

/** What a program of `writeProgram` recorded. */
export function received(program: string): unknown[] {
  const lines = readFileSync(`${program}.log`, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line): unknown => JSON.parse(line));
}

/** A Copilot program that answers as it was recorded, and tells the events after the prompt came. */
export function copilotScript(recorded: { answers: object; events: readonly object[] }): string {
  return `
const recorded = ${JSON.stringify(recorded)};
record({ argv: process.argv.slice(2), env: process.env });
const send = (message) => {
  const body = JSON.stringify({ jsonrpc: "2.0", ...message });
  process.stdout.write("Content-Length: " + Buffer.byteLength(body) + "\\r\\n\\r\\n" + body);
};
let buffer = Buffer.alloc(0);
process.stdin.on("end", () => process.exit(0));
process.stdin.on("data", (chunk) => {
  buffer = Buffer.concat([buffer, chunk]);
  for (;;) {
    const head = buffer.indexOf("\\r\\n\\r\\n");
    if (head < 0) return;
    const end = head + 4 + Number(/Content-Length: (\\d+)/.exec(buffer.subarray(0, head).toString())[1]);
    if (buffer.length < end) return;
    const { id, method, params } = JSON.parse(buffer.subarray(head + 4, end).toString());
    buffer = buffer.subarray(end);
    record({ method, params });
    send({ id, ...(recorded.answers[method] ?? { error: { code: -32601, message: "Unhandled method " + method } }) });
    if (method !== "session.send") continue;
    for (const event of recorded.events) send({ method: "session.event", params: { sessionId: params.sessionId, event } });
  }
});
`;
}
