import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface StandIn {
  program: string;
  /** How it was called for a review, once it was. */
  call(): { args: string[]; env: Record<string, string>; input: string; files: string[]; cwd: string } | null;
}

/**
 * A program that says what the official one was recorded to say. Its environment is the one it is given, so everything
 * it does is written into it.
 */
export function claudeStandIn(
  folder: string,
  does: {
    version?: string;
    /** Events of a review, in order. */
    stdout?: readonly unknown[];
    stderr?: string;
    exit?: number | null;
    /** Goes on after its events, until it is ended. */
    stays?: boolean;
    /** Answers on the control channel, by the request's subtype; what is missing is never answered. */
    control?: Readonly<Record<string, unknown>>;
  },
): StandIn {
  const program = join(folder, "claude");
  const seen = join(folder, "call.json");
  const source = `#!${process.execPath}
const { readFileSync, readdirSync, writeFileSync } = require("node:fs");
const does = ${JSON.stringify(does)};
const args = process.argv.slice(2);
if (args[0] === "--version") {
  console.log((does.version ?? "2.1.330") + " (Claude Code)");
  process.exit(0);
}
if (args.includes("--input-format=stream-json")) {
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { request_id, request } = JSON.parse(line);
    const response = (does.control ?? {})[request.subtype];
    if (response === undefined) return;
    const answer = response === null ? { subtype: "error", error: "unknown request" } : { subtype: "success", response };
    console.log(JSON.stringify({ type: "control_response", response: { ...answer, request_id } }));
  });
} else {
  const input = readFileSync(0, "utf8");
  const call = { args, env: process.env, input, files: readdirSync("."), cwd: process.cwd() };
  writeFileSync(${JSON.stringify(seen)}, JSON.stringify(call));
  for (const event of does.stdout ?? []) process.stdout.write(JSON.stringify(event) + "\\n");
  process.stderr.write(does.stderr ?? "");
  if (does.stays) setInterval(() => {}, 1000);
  else process.exitCode = does.exit ?? 0;
}
`;
  writeFileSync(program, source);
  chmodSync(program, 0o755);
  return {
    program,
    call: () => (existsSync(seen) ? JSON.parse(readFileSync(seen, "utf8")) : null),
  };
}
