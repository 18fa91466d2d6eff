/**
 * Words that tell what kind of mistake a reviewer speaks of, the surest first. The first class that fits counts: who
 * writes of a race that leaks a password speaks of a leak.
 */
const keywords: readonly (readonly [name: string, words: RegExp])[] = [
  [
    "security",
    /\b(?:injection|xss|csrf|ssrf|traversal|sanitiz|sanitis|unescaped|vulnerab|exploit|attacker|privilege)/,
  ],
  ["secret", /\b(?:secret|password|credential|api key|token leak|private key|leaks? (?:the|a) token)/],
  ["authorization", /\b(?:authoriz|authoris|authenticat|permission|access control|unauthenticated|acl)\b/],
  [
    "concurrency",
    /\b(?:race condition|races?\b|deadlock|concurren|thread.?safe|atomic|mutex|lock(?:ed|ing)?\b)/,
  ],
  ["missing-await", /\b(?:await|unhandled (?:promise|rejection)|floating promise|fire.and.forget)\b/],
  [
    "resource-leak",
    /\b(?:leak|never (?:closed|released|freed|removed)|not (?:closed|released|freed)|dangling)/,
  ],
  ["null-access", /\b(?:null|undefined|none(?:type)?|nil|npe|optional chaining)\b/],
  [
    "off-by-one",
    /\b(?:off.by.one|boundary|out of (?:range|bounds)|fencepost|inclusive|exclusive|last element|first element)/,
  ],
  [
    "error-handling",
    /\b(?:swallow|uncaught|unhandled|error handling|exception|catch(?:es)?\b|raises?\b|throws?\b|crash)/,
  ],
  ["data-loss", /\b(?:data loss|overwrit|lost|loses|drops? (?:the|data|rows)|corrupt|truncat|migration)/],
  ["performance", /\b(?:performance|slow|n\+1|quadratic|o\(n|memory use|unbounded|inefficien)/],
  ["compatibility", /\b(?:breaking change|backward|compatib|callers?|public api|signature|deprecat)/],
  [
    "validation",
    /\b(?:validat|unchecked|negative|empty (?:string|list|input|array)|edge case|invalid input)/,
  ],
  ["wrong-type", /\b(?:type error|wrong type|typing|type mismatch|coerc|cast\b)/],
  ["tests", /\b(?:tests?|coverage|assert(?:ion)?s?)\b/],
  [
    "specification",
    /\b(?:spec|requirement|acceptance|criteri|not implemented|missing feature|incomplete|todo)/,
  ],
  [
    "logic",
    /\b(?:logic|condition|inverted|wrong (?:value|result|branch|order)|incorrect|always (?:true|false)|never (?:true|reached)|comparison|swapped)/,
  ],
];

/** Of a problem's text only what is needed to tell. */
const looked = 2_000;

/** What kind of mistake a reviewer's words are about, as far as they tell: else `other`. */
export function classOfProblem(text: string): string {
  const words = text.slice(0, looked).toLowerCase();
  return keywords.find(([, pattern]) => pattern.test(words))?.[0] ?? "other";
}

/** How many of some problems are of which class. */
export function classesOf(texts: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    const name = classOfProblem(text);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}
