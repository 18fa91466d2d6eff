import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Document {
  /** From the repository's root: `docs/work.md`. */
  name: string;
  text: string;
  /** Fenced blocks, in order. */
  blocks: readonly { language: string; line: number; lines: readonly string[] }[];
  /** `code` in running text, white space made one blank. */
  spans: readonly { line: number; text: string }[];
  /** The text outside of fenced blocks, line by line as in the file; blocks are empty lines. */
  prose: string;
}

/** One command as a document gives it. */
export interface DocumentedCommand {
  /** `docs/work.md:12` */
  place: string;
  /** As written, without comment. */
  text: string;
  /** Commands of one block build on each other; one of running text stands alone. */
  block: string;
}

/** README.md and docs/*.md. */
export function readDocuments(): Document[] {
  const pages = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", ...pages.sort().map((name) => `docs/${name}`)].map((name) =>
    readDocument(name, readFileSync(join(root, name), "utf8")),
  );
}

export function readDocument(name: string, text: string): Document {
  const blocks: { language: string; line: number; lines: string[] }[] = [];
  const prose: string[] = [];
  let block: { language: string; line: number; lines: string[] } | null = null;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence === null && block === null) prose.push(line);
    else prose.push("");
    if (fence === null) block?.lines.push(line);
    else if (block !== null) block = null;
    else {
      block = { language: (fence[1] ?? "").trim(), line: index + 1, lines: [] };
      blocks.push(block);
    }
  }
  if (block !== null) throw new Error(`${name}:${block.line}: this block is not closed`);
  const joined = prose.join("\n");
  const spans = [...joined.matchAll(/`([^`]+)`/g)].map((found) => ({
    line: joined.slice(0, found.index).split("\n").length,
    text: (found[1] ?? "").replace(/\s+/g, " ").trim(),
  }));
  return { name, text, blocks, spans, prose: joined };
}

const shells = ["sh", "bash", "console", "shell"];
const program = /^(?:[A-Z_]+=\S+ )*(?:sluice|npm|npx|node|vitest) /;

/**
 * Every command of a document: each of a shell block, and those in running text that call `sluice`, `npm`, `npx` or
 * `node`. A block without a language that has such a command is taken for one of the shell.
 */
export function commandsOf({ name, blocks, spans }: Document): DocumentedCommand[] {
  const commands: DocumentedCommand[] = [];
  for (const { language, line, lines } of blocks) {
    const plain = language === "" && lines.some((one) => /^(?:\$ )?sluice /.test(one));
    if (!shells.includes(language) && !plain) continue;
    let begun = "";
    for (const [index, raw] of lines.entries()) {
      const text = `${begun}${withoutComment(raw).trim()}`;
      begun = text.endsWith("\\") ? text.slice(0, -1) : "";
      if (begun !== "") continue;
      const place = `${name}:${line + 1 + index}`;
      for (const one of split(text.replace(/^\$ /, ""))) {
        commands.push({ place, text: one, block: `${name}:${line}` });
      }
    }
  }
  for (const { line, text } of spans) {
    const place = `${name}:${line}`;
    if (!program.test(text)) continue;
    for (const one of split(text)) commands.push({ place, text: one, block: `${place} ${text}` });
  }
  return commands;
}

function split(text: string): string[] {
  return text
    .split(" && ")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

function withoutComment(line: string): string {
  const found = /^((?:"[^"]*"|'[^']*'|[^"'#]|(?<=\S)#)*?)(?:^|\s)#/.exec(line);
  return found === null ? line : (found[1] ?? "");
}

/** Words as a shell would split them; no expansion. */
export function words(command: string): string[] {
  return [...command.matchAll(/(?:"[^"]*"|'[^']*'|\S)+/g)].map(([word]) => word.replaceAll(/["']/g, ""));
}

/** Where links and images of the running text lead. */
export function linksOf({ prose }: Document): { line: number; target: string }[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((found) => ({
    line: prose.slice(0, found.index).split("\n").length,
    target: found[1] ?? "",
  }));
}

/** The anchors that GitHub gives the headings of a page. */
export function anchorsOf({ prose }: Document): Set<string> {
  const anchors = new Set<string>();
  const seen = new Map<string, number>();
  for (const [, heading] of prose.matchAll(/^#{1,6} (.+)$/gm)) {
    const slug = (heading ?? "")
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-");
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  return anchors;
}

/** Text files of some folders, without what was installed there. */
export function filesIn(folders: readonly string[]): { name: string; text: string }[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:ts|mjs|sh|md|json|yaml)$/.test(name) && !name.includes("node_modules"))
      .map((name) => ({ name: `${folder}/${name}`, text: readFileSync(join(root, folder, name), "utf8") })),
  );
}
