import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { packageRoot } from "../version.js";

export interface Prompt {
  role: string;
  /** Names that the text expects, in order. */
  placeholders: string[];
  text: string;
}

const head = z.strictObject({ role: z.string().min(1), placeholders: z.array(z.string()) });

/** One of the files in `prompts/`, by its name without `.md`. Throws when it is missing or malformed: a bug. */
export async function loadPrompt(name: string): Promise<Prompt> {
  return parsePrompt(await readFile(join(packageRoot, "prompts", `${name}.md`), "utf8"), name);
}

/** A prompt file's text: a head of `role` and `placeholders` between `---` lines, then the words. */
export function parsePrompt(source: string, name: string): Prompt {
  const match = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(source.replaceAll("\r\n", "\n"));
  const [, front, body] = match ?? [];
  if (front === undefined || body === undefined) throw new Error(`prompts/${name}.md has no head`);
  const fields: Record<string, string | string[]> = {};
  for (const line of front.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 1) throw new Error(`prompts/${name}.md: not "key: value": ${line}`);
    const value = line.slice(colon + 1).trim();
    const list = /^\[(.*)\]$/.exec(value)?.[1];
    fields[line.slice(0, colon).trim()] =
      list === undefined
        ? value
        : list
            .split(",")
            .map((item) => item.trim())
            .filter((item) => item !== "");
  }
  const { role, placeholders } = head.parse(fields);
  const text = body.trim();
  const used = new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map((found) => found[1]));
  for (const placeholder of placeholders) {
    if (!used.delete(placeholder)) throw new Error(`prompts/${name}.md does not use {{${placeholder}}}`);
  }
  if (used.size > 0) throw new Error(`prompts/${name}.md uses undeclared {{${[...used].join("}}, {{")}}}`);
  return { role, placeholders, text };
}

/** The prompt with every placeholder replaced, once: what a value contains is never filled again. */
export function fillPrompt(prompt: Prompt, values: Readonly<Record<string, string>>): string {
  for (const name of prompt.placeholders) {
    if (!Object.hasOwn(values, name)) throw new Error(`no value for the placeholder {{${name}}}`);
  }
  return prompt.text.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => values[name] ?? "");
}
