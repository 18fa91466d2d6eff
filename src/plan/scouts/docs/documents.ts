import type { Ground } from "../ground.js";

export interface Heading {
  text: string;
  level: number;
  /** From 1. */
  line: number;
}

const document =
  /\.(?:md|mdx|markdown|rst|adoc)$|(?:^|\/)(?:README|CHANGELOG|CHANGES|HISTORY|CONTRIBUTING)(?:\.txt)?$|(?:^|\/)docs\/.*\.txt$/i;
const described = /(?:^|\/)(?:openapi|swagger)\.(?:ya?ml|json)$/i;
/** What is no documentation of this project. */
const aside =
  /(?:^|\/)(?:node_modules|vendor|third_party|fixtures?|__fixtures__|testdata|__snapshots__|\.flow|\.changeset|templates?|prompts)(?:\/|$)|(?:^|\/)(?:LICEN[CS]E|CODE_OF_CONDUCT|SECURITY|ISSUE_TEMPLATE|PULL_REQUEST_TEMPLATE)/i;
const elsewhere = /(?:^|\/)(?:tests?|__tests__|spec)\//i;

/** The project's documents, those at the top first. */
export function documentsOf({ survey }: Ground): string[] {
  return survey.files
    .map(({ path }) => path)
    .filter(
      (path) => (document.test(path) || described.test(path)) && !aside.test(path) && !elsewhere.test(path),
    )
    .sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1));
}

function rank(path: string): number {
  const readme = /(?:^|\/)readme/i.test(path) ? -0.5 : 0;
  const docs = /^docs?\//.test(path) ? -0.5 : 0;
  return path.split("/").length + readme + docs;
}

const mostHeadings = 500;

/** Headings of Markdown, AsciiDoc and reStructuredText; those in code are none. */
export function headingsOf(source: string): Heading[] {
  const found: Heading[] = [];
  const lines = source.split("\n");
  let fenced = false;
  for (const [at, line] of lines.entries()) {
    if (/^\s*(?:```|~~~)/.test(line)) fenced = !fenced;
    if (fenced || found.length >= mostHeadings) continue;
    const marked = /^(#{1,6}|={1,6})\s+(\S.*?)\s*#*\s*$/.exec(line);
    if (marked !== null) {
      found.push({ text: marked[2] ?? "", level: marked[1]?.length ?? 1, line: at + 1 });
      continue;
    }
    const under = lines[at + 1] ?? "";
    const underline = /^([=\-~^"*+#])\1{2,}\s*$/.exec(under)?.[1];
    const text = line.trim();
    if (
      underline === undefined ||
      text.length < 3 ||
      under.trim().length < text.length ||
      /^[|\-=*+~^"#]/.test(text)
    )
      continue;
    found.push({ text, level: underline === "=" ? 1 : 2, line: at + 1 });
  }
  return found;
}
