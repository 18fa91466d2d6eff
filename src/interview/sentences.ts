import { services } from "./lexicon.js";

/** A word of a text. */
export interface Token {
  text: string;
  /** As it goes into a sentence: lower case unless its own letters say otherwise. */
  shown: string;
  /** A comma or the like stands behind it. */
  breaks: boolean;
  /** Code, a path or an abbreviation: neither verb nor plural. */
  fixed: boolean;
}

const longest = 400;

/**
 * The sentences of Markdown or plain text, each in one line: without code blocks, comments, tables' rules, marks of
 * headings and lists. Placeholders of templates (`TBD`) are none.
 */
export function sentencesOf(text: string): string[] {
  const plain = text
    .replace(/^(?:```|~~~)[\s\S]*?^(?:```|~~~)[^\n]*$/gm, "\n")
    .replace(/<!--[\s\S]*?(?:-->|$)/g, "\n")
    .replace(/!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)/g, "$1");
  const sentences: string[] = [];
  for (const line of plain.split("\n")) {
    const bare = line
      .replace(/^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+(?:\[[ xX]\]\s+)?|\d{1,3}[.)]\s+)+/, "")
      .replace(/\*\*|__/g, "")
      .trim();
    if (/^(?:TBD|TODO|[-|:\s=*_]*|- ?TBD)$/i.test(bare)) continue;
    for (const sentence of bare.split(/(?<=[.!?;])\s+(?=[\p{Lu}"'`\d(])/u)) {
      const trimmed = sentence.trim();
      if (trimmed !== "") sentences.push(trimmed.slice(0, longest));
    }
  }
  return sentences;
}

export function tokensOf(sentence: string): Token[] {
  const tokens: Token[] = [];
  for (const match of sentence.matchAll(
    /`([^`]+)`|([\p{L}\p{N}][\p{L}\p{N}'’_+#/-]*(?:\.[\p{L}\p{N}]+)*)/gu,
  )) {
    const code = match[1];
    const text = code ?? (match[2] ?? "").replace(/[’']s$/, "").replace(/[-/'’]+$/, "");
    const after = sentence.slice((match.index ?? 0) + match[0].length);
    const isFixed = code !== undefined || /[a-z][A-Z]|^[A-Z0-9]{2,}s?$|[_/]|\d|\.\w/.test(text);
    // The first word has its capital from the sentence.
    const isName = /^[A-Z]/.test(text) && (tokens.length > 0 || services.get(text.toLowerCase()) === text);
    tokens.push({
      text,
      shown: code !== undefined ? `\`${code}\`` : isFixed || isName ? text : text.toLowerCase(),
      breaks: /^\s*(?:[,;:.!?()[\]"“”–—/]|-\s)/.test(after) || after.trim() === "",
      fixed: isFixed,
    });
  }
  return tokens;
}
