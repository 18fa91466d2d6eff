/** What stands in a text where a secret was. */
const hidden = "***";

const keyBegin = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/;

/** What is a secret wherever it stands, by the form its maker gave it. */
const shapes: readonly RegExp[] = [
  /\b(?:sk|rk|pk)[-_](?:(?:ant|proj|svcacct|or|live|test)[-_][A-Za-z0-9_-]{10,500}|(?=[A-Za-z_-]{0,100}\d)[A-Za-z0-9_-]{16,500})/g,
  /\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{16,64})/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,200}/g,
  /\b(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}\b/g,
  /\bAIza[A-Za-z0-9_-]{30,40}/g,
  /\b(?:npm_[A-Za-z0-9]{30,60}|pypi-[A-Za-z0-9_-]{50,500}|hf_[A-Za-z0-9]{30,60}|dop_v1_[a-f0-9]{64})/g,
  /\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,2000}(?:\.[A-Za-z0-9_-]{0,2000})?/g,
];

/** Passwords in addresses, and what follows the name of a scheme in a header. */
const places: readonly [RegExp, string][] = [
  [/(:\/\/[^\s:/@]{0,100}:)[^\s/@]{1,200}@/g, `$1${hidden}@`],
  [/\b(Bearer|Basic)\s{1,20}[A-Za-z0-9+/._=-]{16,2000}/g, `$1 ${hidden}`],
];

/** What a program prints as `token: …`: only what mixes in digits, because messages speak of tokens as well. */
const printed =
  /((?:api[_-]?key|token|secret|passw(?:or)?d|credentials?)["']?\s{0,3}[:=]\s{0,3}["']?)(?=[^\s"']{0,500}\d)[A-Za-z0-9+/_=.~-]{12,}/gi;

/** Whether a text carries something that has the form of a known kind of key. */
export function holdsSecret(text: string): boolean {
  return keyBegin.test(text) || shapes.some((shape) => text.search(shape) >= 0);
}

function maskShapes(text: string): string {
  const begin = text.search(keyBegin);
  let masked = begin >= 0 ? text.slice(0, begin) + hidden : text;
  for (const shape of shapes) masked = masked.replace(shape, hidden);
  for (const [place, instead] of places) masked = masked.replace(place, instead);
  return masked;
}

/**
 * Replaces what looks like a secret in what a program prints, line by line: a private key is remembered from its
 * first line to its last.
 */
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
    const begin = text.search(keyBegin);
    if (begin >= 0) this.#inKey = !text.includes("-----END ", begin);
    let masked = text;
    for (const value of this.#values) {
      if (masked.includes(value)) masked = masked.replaceAll(value, hidden);
    }
    return maskShapes(masked).replace(printed, `$1${hidden}`);
  }
}

const secretName =
  "(?:pass(?:word|wd|phrase)?|pwd|secret|token|api_?key|access_?key|private_?key|credential|auth)[\\w-]{0,40}";
const quoted = new RegExp(
  `(${secretName}["'\`]?\\]?\\??\\s{0,8}(?::\\s{0,4}[\\w.[\\]|<> ]{1,60})?(?::=|=>|[!=]==?|[:=])\\s{0,8}[bruf]{0,2})(["'\`])(?:\\\\.|(?!\\2)[^\\\\]){3,2000}`,
  "gi",
);
const bare = new RegExp(`(${secretName}["'\`]?\\s{0,8}(?::=|=>|[:=])\\s{0,8})([^\\s"'\`,;)}]{6,200})`, "gi");
/** As files of settings and shells have it, where every value is a text: `DB_PASSWORD=…`. */
const setting =
  /((?:PASS|PWD|SECRET|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL|AUTH)[A-Z0-9_]{0,40}=)(?![=>$(])([^\s"'`]{3,500})/g;
const opaque = /(?<![\w/+-])[A-Za-z0-9_+/=-]{32,2000}(?![\w/+-])/g;

const constant = /^(?:null|nil|none|true|false|undefined)$/i;
const path = /^[A-Za-z_$][\w$]*(?:\??\.[A-Za-z_$][\w$]*)+$/;
const type =
  /^(?:u?int|float|complex|[iuf]|bytes|string|char|varchar|sha|md|base|utf|oauth|hmac|aes|rsa|[ehrp]s)[_-]?\d{1,4}(?:_t)?$/i;
const secretWord = /pass|pwd|secret|token|key|cred|auth/i;

/**
 * A line of source code with its secrets replaced: known forms wherever they stand, texts in quotes that are given to
 * a name that says secret, and what else has a secret's shape. Types, names and calls (`token: string`,
 * `token = readToken()`) are code and stay. Takes lines of at most some thousand characters.
 */
export function maskCode(line: string): string {
  return maskShapes(line)
    .replace(quoted, `$1$2${hidden}`)
    .replace(setting, (whole, name: string, value: string) =>
      constant.test(value) ? whole : `${name}${hidden}`,
    )
    .replace(bare, (whole, name: string, value: string) =>
      hasSecretShape(value) ? `${name}${hidden}` : whole,
    )
    .replace(opaque, (text) => (isName(text) || !/\d/.test(text) || !/[a-z]/i.test(text) ? text : hidden));
}

function hasSecretShape(value: string): boolean {
  if (/[()[\]{}<>|]/.test(value) || path.test(value) || type.test(value)) return false;
  if (secretWord.test(value) && isName(value)) return false;
  return /[A-Za-z]/.test(value) && (/\d/.test(value) || /\w[!@#%^*~]\w/.test(value));
}

/** Words with a number here and there: `test_login_with_2_tokens`. */
function isName(text: string): boolean {
  return isWords(text) && text.replace(/\D/g, "").length <= 3;
}

/**
 * Whether a text is made of words and short numbers, run together or with one separator between them: a name, a
 * path, a key of something stored. Linear, as it sees hostile texts.
 */
export function isWords(text: string): boolean {
  const word = /[A-Z]?[a-z]{2,}|[A-Z]{2,}|[vV]?\d{1,2}/y;
  while (word.test(text)) {
    if (word.lastIndex === text.length) return true;
    if (/[\s_./:-]/.test(text.charAt(word.lastIndex))) word.lastIndex++;
  }
  return false;
}
