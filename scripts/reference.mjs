// The reference pages as text, from what the server advertises and the configuration is checked by.
import { configurationJsonSchema, configurationKeys } from "../dist/src/config/json-schema.js";
import { whoMaySet } from "../dist/src/config/restrict.js";
import { groups } from "../dist/src/mcp/define-tool.js";
import { tools } from "../dist/tools/index.js";

const made = (by) => `<!-- Made by \`npm run reference\` from ${by}. Change that, not this. -->\n`;
const cell = (text) => String(text).replaceAll("|", "\\|").replaceAll("\n", " ");

/** What a value may be, in a few words. */
function typeOf(schema) {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((one) => `\`${one}\``).join(" / ");
  const several = schema.anyOf ?? schema.oneOf;
  if (several) return [...new Set(several.map(typeOf))].join(" or ");
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  if (schema.type === "array") return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === "integer" || schema.type === "number") {
    const { minimum, maximum } = schema;
    const range =
      Math.abs(maximum ?? Infinity) < 1e15 && minimum !== undefined ? `, ${minimum} to ${maximum}` : "";
    return `${schema.type === "integer" ? "whole number" : "number"}${range}`;
  }
  if (schema.type === "object" && schema.properties && Object.keys(schema.properties).length > 0) {
    return `{ ${Object.keys(schema.properties).join(", ")} }`;
  }
  return schema.type ?? "anything";
}

/** Without what any result may have, which the page says once. */
function ownFields(properties) {
  const anyResult = ["state", "doing", "elapsed_s", "job", "stale", "full_result", "cut", "error", "hint"];
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !anyResult.includes(name)));
}

function table(title, schema) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(
    ([name, one]) => `| \`${name}\`${required.has(name) ? " (required)" : ""} | ${cell(typeOf(one))} |`,
  );
  return rows.length === 0 ? `No ${title}.` : [`| ${title} | is |`, "| --- | --- |", ...rows].join("\n");
}

export function toolsReference() {
  const sections = groups.map((group) => {
    const own = tools.filter((tool) => [tool.group].flat().includes(group));
    const parts = own.map((tool) =>
      [
        `### ${tool.name}`,
        tool.description,
        table("argument", tool.inputSchema),
        table("field of the result", { properties: ownFields(tool.outputSchema.properties) }),
      ].join("\n\n"),
    );
    return `## ${group}\n\n${parts.join("\n\n")}`;
  });
  const head = `# Tools

Every tool as the server advertises it. \`SLUICE_TOOLS=review,quota\` loads some groups only. A tool with \`wait_s\` and
\`job\` is long work: after \`wait_s\` seconds it answers \`state: running\` with a \`job\`, and goes on when called with that.
\`stale: true\` says that the files have changed since. What fails comes as \`error\` and \`hint\`. A result too long to send has a
digest, \`cut\`, and a \`full_result\` file.

The change, where a tool takes one: nothing to pass for what you are working on (the merge-base with the default branch against
the work tree); else \`base\` (a ref), \`head\` (a ref, \`STAGED\` or \`WORKTREE\`), \`diff\` (a unified diff, applied to base),
\`paths\` (globs that narrow it), \`task\` (flow task id), \`repo\` (a folder; default where the server was started).
`;
  return `${made("the tools' definitions")}${head}\n${sections.join("\n\n")}\n`;
}

export function configurationReference() {
  const keys = configurationKeys(JSON.parse(configurationJsonSchema()));
  const head = `# Configuration, key by key

How layers and trust work is in [configuration.md](configuration.md). *Set by*: \`anyone\` means that a repository's own
\`.flow/config.json\` counts, \`stricter\` that it counts as far as it doesn't loosen a review, \`trust\` that it counts after
\`sluice trust\`, \`you\` that only your own file counts.

| key | is | default | what | set by |
| --- | --- | --- | --- | --- |
`;
  const lines = keys.map(([path, schema]) => {
    const value = schema.default === undefined ? "" : `\`${JSON.stringify(schema.default)}\``;
    return `| \`${path.join(".")}\` | ${cell(typeOf(schema))} | ${cell(value)} | ${cell(schema.description ?? "")} | ${whoMaySet(path)} |`;
  });
  return `${made("the configuration's schema")}${head}${lines.join("\n")}\n`;
}
