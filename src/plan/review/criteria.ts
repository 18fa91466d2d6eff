import { acceptanceCriteria } from "../../flow/markdown.js";
import type { AcceptanceCriterion } from "../../flow/types.js";
import { finding, type PlanFinding, quoted } from "./findings.js";
import { lineOf, type Plan } from "./plan.js";

/** Words that promise a quality and no more. */
const vague =
  /\b(?:works? (?:well|correctly|properly|fine|as (?:expected|intended|it should))|as (?:expected|intended|appropriate|needed|necessary)|properly|correctly|appropriate(?:ly)?|adequate(?:ly)?|reasonabl[ey]|sensibl[ey]|seamless(?:ly)?|smooth(?:ly)?|intuitive(?:ly)?|user[- ]friendly|easy to (?:use|maintain|understand|extend)|clean(?:ly)?|elegant(?:ly)?|robust(?:ly)?|scalable|performant|fast(?:er)?|quick(?:ly)?|efficient(?:ly)?|good (?:performance|quality|enough|ux|coverage)|high[- ]quality|best practices?|state of the art|modern|flexible|nice(?:ly)?|maintainable|readable|sufficient(?:ly)?|minimal impact)\b/i;
/** What something can be held against: a figure, a name in code, words in quotes, a place. */
const concrete =
  /\d|`[^`]+`|"[^"]+"|'[^']{2,}'|“[^”]+”|\b[\w-]+\/[\w./-]+|\b\w+\.(?:[a-z]{1,4})\b|\b\w+\(\)|[<>=≤≥]|\b[A-Z]{2,}_[A-Z_]+\b|--\w/;
/** Something that can be seen to happen, or not. */
const observable =
  /\b(?:returns?|responds?|shows?|displays?|prints?|logs?|writes?|reads?|creates?|deletes?|removes?|rejects?|refuses?|accepts?|throws?|raises?|exits?|fails?|pass(?:es)?|emits?|sends?|receives?|stores?|saves?|loads?|redirects?|opens?|closes?|renders?|contains?|includes?|equals?|matches|increments?|decrements?|expires?|retries|times? out|is (?:visible|hidden|empty|absent|present|unchanged|called|deleted|created|written|refused|rejected|gone|listed)|are (?:visible|hidden|empty|unchanged|called|deleted|created|written|refused|rejected|gone|listed)|tests? (?:pass|cover|fail)|without (?:an )?(?:error|warning)s?|no longer|migration runs|build (?:passes|succeeds)|compiles?|documented|unless|only (?:if|when)|when(?:ever)?|after|before)\b/i;
/** A whole criterion that says nothing but that it shall be good. */
const empty =
  /^(?:(?:it|this|everything|all|the (?:feature|code|app|application|system|solution|implementation|change|ui|api))\s+)?(?:works?|is (?:done|complete|finished|good|ok|okay|ready|implemented|fine)|done|implemented|complete|finished|good|looks good|code is clean|no bugs?|bug[- ]free|tested|high quality|all good)[.!]?$/i;

/**
 * Acceptance criteria that nobody could decide, said with care: only where a criterion promises a quality and names
 * nothing that could be counted, called or seen.
 */
export function untestableCriteria({ spec, tasks }: Plan): PlanFinding[] {
  const found: PlanFinding[] = [];
  const look = (file: string, markdown: string | null, criteria: readonly AcceptanceCriterion[]) => {
    for (const { text } of criteria) {
      const word = whyUntestable(text);
      if (word === null) continue;
      found.push(
        finding({
          severity: "likely",
          class: "untestable",
          file,
          line: lineOf(markdown, text),
          about: text,
          message: `Nobody can decide ${quoted(text)}: ${quoted(word)} names nothing that can be counted, called or seen. Say what happens, when, and how it is checked.`,
        }),
      );
    }
  };
  if (spec.markdown !== null) look(spec.specPath, spec.markdown, acceptanceCriteria(spec.markdown));
  for (const { specPath, markdown, sections, status } of tasks) {
    if (status === "done" || sections.acceptance === null) continue;
    look(specPath, markdown, acceptanceCriteria(`## Acceptance\n${sections.acceptance}`));
  }
  return found;
}

/** The words of a criterion that can't be decided; null for one that can, as far as rules see. */
export function whyUntestable(text: string): string | null {
  const plain = text.replace(/\*\*|__/g, "").trim();
  if (empty.test(plain)) return plain;
  if (concrete.test(plain) || observable.test(plain)) return null;
  return vague.exec(plain)?.[0] ?? null;
}
