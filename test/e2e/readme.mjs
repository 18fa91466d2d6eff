// The registration as the README gives it: what users copy is what is tried.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const placeholder = "/absolute/path/to/sluice";

/** `root` is put where the README says `/absolute/path/to/sluice`. */
export function readRegistration(file, root) {
  const blocks = [...readFileSync(file, "utf8").matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
    ([, language, text]) => ({
      language,
      text: text.replaceAll(placeholder, root),
    }),
  );
  const only = (what, found) => {
    assert.equal(found.length, 1, `the README gives ${what} ${found.length} times`);
    return found[0];
  };
  const command = (start) => {
    const lines = blocks.flatMap((block) => block.text.split("\n")).filter((line) => line.startsWith(start));
    return only(`\`${start} …\``, lines).split(/\s+/).slice(1);
  };
  const block = (language, content) =>
    only(
      `a ${language} block with ${content}`,
      blocks.filter((one) => one.language === language && one.text.includes(content)),
    ).text;
  return {
    /** The commands' arguments, without the client's own name. */
    claudeAdd: command("claude mcp add"),
    codexAdd: command("codex mcp add"),
    mcpJson: block("json", '"mcpServers"'),
    configToml: block("toml", "[mcp_servers.sluice]"),
  };
}

/** What the README's table says of single tools: which run without asking. */
export function approvals(configToml) {
  const at = configToml.indexOf("[mcp_servers.sluice.tools]");
  assert.notEqual(at, -1, "the README approves no tool");
  return configToml.slice(at);
}
