import { parse as parseToml } from "smol-toml";
import { describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { readDocuments } from "../support/documents.js";

const documents = readDocuments();

const parsers: Readonly<Record<string, (text: string) => unknown>> = {
  json: (text) => JSON.parse(text),
  toml: (text) => parseToml(text),
  yaml: (text) => parseYaml(text),
};

describe("what the documents name", () => {
  it("has whole tables", () => {
    const cells = (row: string) => row.replaceAll(/\\\||`[^`]*`/g, "").split("|").length;
    const wrong = documents.flatMap(({ name, prose }) => {
      const lines = prose.split("\n");
      return lines.flatMap((line, index) => {
        let head = index;
        while (lines[head - 1]?.startsWith("|")) head -= 1;
        return line.startsWith("|") && cells(line) !== cells(lines[head] ?? "")
          ? [`${name}:${index + 1} ${line}`]
          : [];
      });
    });
    expect(wrong).toEqual([]);
  });

  it("parses: JSON, TOML and YAML to be copied", () => {
    for (const { name, blocks } of documents) {
      for (const { language, line, lines } of blocks) {
        const text = lines.join("\n");
        const parse = parsers[language];
        if (parse !== undefined) expect(() => parse(text), `${name}:${line}`).not.toThrow();
      }
    }
  });
});
