import { join } from "node:path";
import { packageRoot } from "../version.js";

/** What a user types to register this very installation with an agent, by absolute path. */
export function registrationLines(): string[] {
  const command = `node ${quoted(join(packageRoot, "dist", "src", "cli", "main.js"))} serve`;
  return [
    `  Claude Code   claude mcp add sluice -- ${command}`,
    `  Codex         codex mcp add sluice -- ${command}`,
    '  any other     see mcp.json.example; Codex also wants tool_timeout_sec = 120 (README, "Codex")',
  ];
}

function quoted(path: string): string {
  return /^[\w@%+=:,./\\-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
