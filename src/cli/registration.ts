import { join } from "node:path";
import { packageRoot } from "../version.js";

/** What a user types to register this very installation with an agent, by absolute path. */
export function registrationLines(): string[] {
  const program = join(packageRoot, "dist", "src", "cli", "main.js");
  const command = `node ${quoted(program)} serve`;
  return [
    `  Claude Code   claude mcp add sluice -- ${command}`,
    `     or, with slash commands and a skill, as a plugin: claude --plugin-dir ${quoted(packageRoot)}`,
    `  Codex         codex mcp add sluice -- ${command}`,
    "     or in ~/.codex/config.toml, with the time that reviews take:",
    ...codexTable(program).map((line) => `       ${line}`),
    `  any other     see ${join(packageRoot, "mcp.json.example")}`,
  ];
}

/** The server as Codex's config.toml has it. A basic string of TOML's is one of JSON's. */
function codexTable(program: string): string[] {
  return [
    "[mcp_servers.sluice]",
    'command = "node"',
    `args = [${JSON.stringify(program)}, "serve"]`,
    "tool_timeout_sec = 120",
  ];
}

function quoted(path: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
