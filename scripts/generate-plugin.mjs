// Writes the plugin's slash commands (plugin/commands) from the phases in prompts/agent-*.md, which MCP clients get as
// prompts: one text, two ways to it. Run after a build whenever one of those changes.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { commandFiles } from "../dist/src/mcp/plugin-commands.js";

const folder = "plugin/commands";
mkdirSync(folder, { recursive: true });
for (const name of readdirSync(folder)) rmSync(`${folder}/${name}`);
for (const { name, text } of await commandFiles()) writeFileSync(`${folder}/${name}`, text);
