import { acceptanceCriteria, linesOf } from "../../flow/markdown.js";
import { asItem } from "./clean.js";
import type { Requirement } from "./types.js";

export interface Section {
  /** Empty for what stands above the first heading. */
  heading: string;
  level: number;
  text: string;
}

const mostRequirements = 60;
const longest = 1_000;
const mostSections = 200;

/** A document by its headings; those in code fences are none. */
export function sectionsOf(markdown: string): Section[] {
  const sections: { heading: string; level: number; lines: string[] }[] = [
    { heading: "", level: 0, lines: [] },
  ];
  for (const { text, fenced } of linesOf(markdown)) {
    const heading = fenced ? null : /^(#{1,6})\s+(.*?)\s*#*\s*$/.exec(text);
    if (heading !== null && sections.length < mostSections)
      sections.push({ heading: heading[2] ?? "", level: heading[1]?.length ?? 1, lines: [] });
    else sections.at(-1)?.lines.push(text);
  }
  return sections
    .map(({ heading, level, lines }) => ({ heading, level, text: lines.join("\n").trim() }))
    .filter(({ heading, text }) => heading !== "" || text !== "");
}

/** Headings below which a list says what is wanted, the surest first. */
const wanted = [
  /^(?:functional )?requirements?\b/i,
  /^(?:goals?|objectives?|user stories|stories)\b/i,
  /^(?:scope|in scope|what|features?|deliverables?|tasks?|to ?do)\b/i,
  /^(?:approach|api|behaviou?r|architecture|design|implementation|changes?|plan)\b/i,
];
/** Below which a list says what is not wanted, or nothing to build. */
const unwanted =
  /^context\b|\b(?:boundar|out of scope|not in scope|non-?goals?|what not|references?|links?|decision|open questions?|contradictions?|assumptions?|quick commands?|risks?|resolved|evidence|answers?|glossary|background|history|alternatives)/i;

/**
 * What a spec asks for. Its acceptance criteria where it has some; else the lists that say what is wanted, and
 * `from` says which.
 */
export function requirementsOf(markdown: string): {
  requirements: Requirement[];
  from: "acceptance" | "lists" | "sections" | "nothing";
  cut: number;
} {
  const criteria = acceptanceCriteria(markdown);
  if (criteria.length > 0) {
    const taken = new Set<string>();
    const ids = new Set(criteria.flatMap(({ id }) => id ?? []));
    let next = 0;
    const requirements = criteria.map(({ text, id, done }): Requirement => {
      const own = id !== null && !taken.has(id) ? id : null;
      if (own !== null) taken.add(own);
      let position = own;
      while (position === null || (own === null && ids.has(position))) position = `C${++next}`;
      return {
        id: position,
        text: asItem(text.replaceAll("\n", " "), longest),
        named: own !== null,
        done,
        section: "Acceptance",
      };
    });
    return limited(requirements, "acceptance");
  }
  const sections = sectionsOf(markdown).filter(({ heading }) => !unwanted.test(heading));
  for (const pattern of wanted) {
    const found = sections.filter(({ heading }) => pattern.test(heading)).flatMap(listed);
    if (found.length > 0) return limited(numbered(found), "lists");
  }
  const anywhere = sections.flatMap(listed);
  if (anywhere.length > 0) return limited(numbered(anywhere), "lists");
  const told = sections
    .map((section) => ({ ...section, text: asked(section.text) }))
    .filter(({ level, text }) => level !== 1 && saysSomething(text))
    .map(({ heading, text }) => ({
      section: heading,
      text: heading === "" ? firstSentence(text) : `${heading}: ${firstSentence(text)}`,
    }));
  return told.length > 0
    ? limited(numbered(told), "sections")
    : { requirements: [], from: "nothing", cut: 0 };
}

/** What a draft without answers has: the request itself, quoted. */
function asked(text: string): string {
  return text
    .replace(/^What was asked for[^\n]*:\s*\n/i, "")
    .replace(/^> ?/gm, "")
    .trim();
}

function listed({ heading, text }: Section): { section: string; text: string }[] {
  return linesOf(text).flatMap(({ text: line, fenced }) => {
    const item = fenced ? null : /^(?:[-*+]|\d{1,3}[.)])\s+(.*)$/.exec(line)?.[1];
    return item === null || item === undefined || !saysSomething(item)
      ? []
      : [{ section: heading, text: item }];
  });
}

function saysSomething(text: string): boolean {
  const plain = text
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/^\s*(?:[-*+]\s+)?(?:\[[ xX]\])?/, "")
    .trim();
  return plain !== "" && !/^(?:TBD|TODO|n\/?a|none)\.?$/i.test(plain) && /\p{L}{2}/u.test(plain);
}

export function firstSentence(text: string): string {
  const plain = text.replace(/\s+/g, " ").trim();
  return /^.*?[.!?](?=\s|$)/.exec(plain)?.[0] ?? plain;
}

function numbered(found: readonly { section: string; text: string }[]): Requirement[] {
  return found.map(({ section, text }, index) => ({
    id: `C${index + 1}`,
    text: asItem(text, longest),
    named: false,
    done: /^\[[xX]\]/.test(text),
    section,
  }));
}

function limited<F extends string>(requirements: Requirement[], from: F) {
  return {
    requirements: requirements.slice(0, mostRequirements),
    from,
    cut: Math.max(0, requirements.length - mostRequirements),
  };
}
