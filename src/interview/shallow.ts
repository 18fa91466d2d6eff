import { stem, wordsOf } from "../change/relevance.js";
import type { Content } from "./content.js";
import type { LookedUp } from "./look-up/look-up.js";
import type { Draft } from "./question.js";

/** Words that fit any interview about any software. */
const general = new Set(
  wordsOf(
    `user users system systems application app software feature features functionality requirement requirements data
    error errors handle handled handling fail fails failure failures case cases edge test tests testing tested strategy
    performance security secure scale scalability load expected expect expectation behavior behaviour happen happens
    design architecture component components api ui interface experience technology technical stack implementation
    implement code codebase project repository solution approach need needs want important consideration considerations
    specific type types kind kinds main key primary goal goals purpose scope success criteria acceptance done define
    defined definition consider plan risk risks concern concerns issue issues problem problems best practice practices
    standard standards constraint constraints limitation limitations dependency dependencies integration integrations
    input inputs output outputs value values time process step steps team stakeholder stakeholders business deadline
    timeline budget priority priorities monitoring logging documentation deployment deploy environment version support
    manage management ensure validation validate different change changes work existing current future long term`,
  ).map(stem),
);

const shortest = 6;

/** What only stands for "read it yourself". */
const readable: readonly (readonly [RegExp, string | null])[] = [
  [
    /\b(?:which|what)\b[^?]*\b(?:programming )?languages?\b[^?]*\b(?:use|used|using|written|project|codebase|repo)/i,
    "languages",
  ],
  [/\b(?:which|what)\b[^?]*\btest(?:ing)? (?:framework|runner|library|tool)s?\b/i, "tests"],
  [/\b(?:which|what)\b[^?]*\b(?:package manager|dependency manager|build tool)\b/i, "packages"],
  [/\b(?:which|what)\b[^?]*\blicen[cs]e\b/i, "licence"],
  [
    /\b(?:which|what)\b[^?]*\b(?:ci|continuous integration|pipeline)\b[^?]*\b(?:use|used|system|tool|service|provider|have)/i,
    "ci",
  ],
  [
    /\b(?:which|what)\b[^?]*\b(?:(?:web |ui |front-?end |back-?end )?frameworks?|librar(?:y|ies)|tech(?:nology)? stack)\b[^?]*\b(?:use|used|using|is|are|project|have|currently)\b/i,
    "frameworks",
  ],
  [
    /\b(?:which|what)\b[^?]*\b(?:database|orm|data store)\b[^?]*\b(?:use|used|using|is|currently|project|have)\b/i,
    "storage",
  ],
  [/\b(?:which|what) versions? of\b[^?]*\b(?:use|used|using|installed|run|support)/i, "versions"],
  [/\b(?:which|what)\b[^?]*\b(?:linter|formatter|code style|coding style|coding conventions?)\b/i, "lint"],
  [
    /^where (?:is|are|does|do|can)\b[^?]*\b(?:located|defined|implemented|live|stored in the code|found)\b/i,
    null,
  ],
  [
    /\b(?:does|do|is|are|has|have)\b (?:the |this |our )?(?:repo(?:sitory)?|codebase|project|code|there)\b[^?]*\b(?:already|any existing|currently|have|contain)\b/i,
    null,
  ],
  [
    /^how (?:is|are|does)\b[^?]*\b(?:currently|today|at the moment|at present)\b[^?]*\b(?:implemented|done|handled|stored|structured|organi[sz]ed|work)\b/i,
    null,
  ],
];

/**
 * Why a question is shallow, in words to act on; empty when it is not. By rules that anybody can check: it names
 * nothing of the matter, it can be read in the repository or in the text, it ends with yes or no, it is too short.
 *
 * @param occasion the text's word that brought it up, which ties it to the matter whatever it says
 */
export function shallowness(
  draft: Pick<Draft, "question" | "options" | "occasion">,
  content: Content,
  lookedUp: readonly LookedUp[],
): string[] {
  const { question, options, occasion = null } = draft;
  const found: string[] = [];
  const words = wordsOf(question).map(stem);
  const telling = words.filter((word) => !general.has(word));
  const tied = telling.filter((word) => content.stems.has(word));
  const isNamed = lookedUp.some(({ names }) => names.some((name) => question.includes(name)));
  if (occasion === null && tied.length === 0 && !isNamed) {
    found.push(
      telling.length <= 1
        ? "generic: it has only words that fit any feature"
        : `not tied: it shares no telling word with the text (${telling.slice(0, 4).join(", ")})`,
    );
  }
  // The feature's own name may be that of a library.
  const read = readInRepository(question.replaceAll(content.feature, "it"), lookedUp);
  if (read !== null)
    found.push(
      `readable: ${read.known === null ? "reading the code answers it" : `${read.known.source} says ${read.known.answer}`}`,
    );
  const said = saidInText(question, words, content);
  if (said !== null) found.push(`readable: the text says “${said.slice(0, 120)}”`);
  const yesNo = /^(?:is|are|was|do|does|did|should|shall|will|would|can|could|may|must|has|have)\b/i.exec(
    question,
  );
  const goesOn =
    /\b(?:or|which|what|who|how|when|where|why|if so|if not|otherwise|until|until when|instead)\b/i.test(
      question.slice(yesNo?.[0].length ?? 0),
    );
  if (yesNo !== null && !goesOn && options.length === 0) {
    found.push(`yes or no: it begins with “${yesNo[0]}” and asks for no consequence`);
  }
  if (question.split(/\s+/).length < shortest) found.push(`short: ${question.split(/\s+/).length} words`);
  return found;
}

/** Whether the repository answers a question, and what it says where that was looked up. */
export function readInRepository(
  question: string,
  lookedUp: readonly LookedUp[],
): { known: LookedUp | null } | null {
  for (const [pattern, topic] of readable) {
    if (!pattern.test(question) || /\b(?:should|would|prefer|want|must)\b/i.test(question)) continue;
    return { known: lookedUp.find((one) => one.topic === topic) ?? null };
  }
  return null;
}

/** The sentence of the text that says what a question asks for; null for none. */
function saidInText(question: string, words: readonly string[], { sentences }: Content): string | null {
  if (!/^(?:which|what|who|where|when|how many|how much|how often|how long)\b/i.test(question)) return null;
  if (
    /\b(?:if|should|must|happens?|fails?|failed|instead|exactly|beyond|why|unless|except|than|else|still|first)\b|[“”"]/i.test(
      question,
    )
  )
    return null;
  const telling = words.filter((word) => !general.has(word));
  if (telling.length < 3) return null;
  for (const sentence of sentences) {
    const said = new Set(wordsOf(sentence).map(stem));
    if (telling.filter((word) => said.has(word)).length / telling.length >= 0.85) return sentence;
  }
  return null;
}
