// Prints what the tool list costs a model, tool by tool, and fails when it is over budget. Clients hand a model
// name, description and input schema; output schemas are shown for information.
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { groups } from "../dist/src/mcp/define-tool.js";
import { instructions, instructionsLimit } from "../dist/src/mcp/instructions.js";
import { tools } from "../dist/tools/index.js";

/** Tokens for all 18 tools of the design; what is there today has its share. */
const budget = 2_600;
const planned = 18;
const allowed = Math.floor((budget * tools.length) / planned);

const rows = tools.map((tool) => ({
  name: tool.name,
  definition: countTokens(
    JSON.stringify({ name: tool.name, description: tool.description, inputSchema: tool.inputSchema }),
  ),
  output: countTokens(JSON.stringify(tool.outputSchema)),
}));
const total = rows.reduce((sum, row) => sum + row.definition, 0);
const text = instructions(new Set(groups));

const line = (...cells) =>
  console.log(cells.map((cell, n) => (n === 0 ? cell.padEnd(20) : String(cell).padStart(12))).join(""));
line("tool", "tokens", "(output)");
for (const row of rows) line(row.name, row.definition, row.output);
line(
  "all",
  total,
  rows.reduce((sum, row) => sum + row.output, 0),
);
line("budget", allowed);
line("instructions", `${countTokens(text)}`, `${text.length} chars`);

if (total > allowed) {
  console.error(`The tool list costs ${total} tokens; ${tools.length} tools may cost ${allowed}.`);
  process.exitCode = 1;
}
if (text.length > instructionsLimit) {
  console.error(`The instructions have ${text.length} characters; clients keep ${instructionsLimit}.`);
  process.exitCode = 1;
}
