const hidden = "***";

/** Shapes of tokens that a program may print, and passwords in addresses and assignments. */
const shapes: readonly [RegExp, string][] = [
  [/\b(?:sk|rk|pk)[-_](?:ant-|proj-|live_|test_|or-)?[A-Za-z0-9_-]{20,}/g, hidden],
  [/\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,})/g, hidden],
  [/\bxox[abeprs]-[A-Za-z0-9-]{10,}/g, hidden],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, hidden],
  [/\bAIza[A-Za-z0-9_-]{35}/g, hidden],
  [/\b(?:npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}|hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{64})/g, hidden],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}/g, hidden],
  [/(:\/\/[^\s:/@]{0,100}:)[^\s/@]{1,200}@/g, `$1${hidden}@`],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9+/._=-]{16,}/g, `$1 ${hidden}`],
  [
    /((?:api[_-]?key|token|secret|passw(?:or)?d|credentials?)["']?\s{0,3}[:=]\s{0,3}["']?)(?=[^\s"']*\d)[A-Za-z0-9+/_=.~-]{12,}/gi,
    `$1${hidden}`,
  ],
];

/** Replaces what looks like a secret, line by line: a private key is remembered from its first line to its last. */
export class Mask {
  readonly #values: readonly string[];
  #inKey = false;

  /** @param values secrets that are known by value, longest first */
  constructor(values: readonly string[]) {
    this.#values = values;
  }

  line(text: string): string {
    if (this.#inKey) {
      if (text.includes("-----END ")) this.#inKey = false;
      return hidden;
    }
    const begin = text.search(/-----BEGIN [A-Z ]{0,40}PRIVATE KEY/);
    if (begin >= 0) {
      this.#inKey = !text.includes("-----END ", begin);
      return text.slice(0, begin) + hidden;
    }
    let masked = text;
    for (const value of this.#values) {
      if (masked.includes(value)) masked = masked.replaceAll(value, hidden);
    }
    for (const [shape, instead] of shapes) masked = masked.replace(shape, instead);
    return masked;
  }
}
