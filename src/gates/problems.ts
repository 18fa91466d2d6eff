/**
 * The problems a check printed, in a form in which two runs can be compared: without line numbers, times and the
 * folder it ran in.
 */
export class ProblemLines {
  readonly #roots: readonly string[];
  readonly #errors = new Map<string, number>();
  readonly #others = new Map<string, number>();
  #header = "";
  #pending: string | null = null;
  /** True when not everything was looked at. */
  incomplete = false;

  /** @param roots absolute paths under which the project was run */
  constructor(roots: readonly string[]) {
    this.#roots = roots.filter((root) => root.length > 1).sort((a, b) => b.length - a.length);
  }

  add(line: string): void {
    if (noise.test(line.slice(0, 1_000))) return;
    const text = this.#normal(line);
    if (this.#pending !== null) {
      // rustc names the file in the line after the message.
      const at = /^\s*--> (.+)$/.exec(text)?.[1];
      this.#count(this.#errors, at === undefined ? this.#pending : `${this.#pending} @ ${at}`);
      this.#pending = null;
    }
    // ESLint and its like name the file in a line of its own.
    if (/^\S*[\w)\]]\.\w{1,8}:?$/.test(text) || /^\S*\/\S+$/.test(text)) {
      this.#header = text;
      return;
    }
    if (/^(error|warning)(\[\w+\])?: /.test(text)) this.#pending = text;
    else if (isErrorLine(line)) this.#count(this.#errors, this.#placed(text));
    else this.#count(this.#others, text);
  }

  /** What this run says that another does not, or says more often. */
  newSince(other: ProblemLines): string[] {
    this.#flush();
    other.#flush();
    const [mine, theirs] =
      this.#errors.size > 0 ? [this.#errors, other.#errors] : [this.#others, other.#others];
    return [...mine].filter(([key, count]) => count > (theirs.get(key) ?? 0)).map(([key]) => key);
  }

  /** How many different things there are to compare. */
  get size(): number {
    this.#flush();
    return this.#errors.size > 0 ? this.#errors.size : this.#others.size;
  }

  #flush(): void {
    if (this.#pending !== null) this.#count(this.#errors, this.#pending);
    this.#pending = null;
  }

  #placed(text: string): string {
    return /^\s+\d*:?#?/.test(text) && this.#header !== "" ? `${this.#header} ${text.trim()}` : text.trim();
  }

  #count(into: Map<string, number>, key: string): void {
    if (into.size >= 20_000 && !into.has(key)) {
      this.incomplete = true;
      return;
    }
    into.set(key, (into.get(key) ?? 0) + 1);
  }

  #normal(line: string): string {
    let text = line.slice(0, 1_000);
    for (const root of this.#roots) text = text.replaceAll(`${root}/`, "").replaceAll(root, ".");
    return text
      .replace(/\b0x[0-9a-f]+\b/gi, "0x#")
      .replace(/\b\d+(?:\.\d+)?\s?(?:ms|s|sec|secs|seconds|m|min)\b/g, "#time")
      .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, "#time")
      .replace(/(^|[:([ ])\d+(?:[:,]\s?\d+)*(?=[\s:)\],]|$)/g, "$1#");
  }
}

// What package managers, make and summaries say says nothing of its own.
const noise =
  /^\s*(npm (ERR!|error)|yarn error|error Command failed|\s*ELIFECYCLE|make(\[\d+\])?: \*\*\*|error: (script|recipe|could not compile|aborting)|Found \d+ error|\d+ errors?\b|\d+ problems?\b|[✖×] \d+ problem|Error: Process completed|FAILURE: |BUILD FAILED|\[ERROR\] (Failed to execute|To see the full|Re-run|For more|->|After correcting|$)|\[INFO\])/i;

const errorWord =
  /\b(?:error|errors|fatal|panic|exception|failed|failure|undefined reference|cannot find|can't find|not found|no such|unresolved|unexpected|invalid)\b|\berror\[|\b[A-Z]\w*Error\b|\bTS\d{4,5}\b/i;

/** Whether a line says what is wrong, as opposed to progress or a summary. */
export function isErrorLine(line: string): boolean {
  const text = line.slice(0, 1_000);
  if (noise.test(text)) return false;
  // `file.go:3:5: message`, whatever the words.
  return errorWord.test(text) || /^\S+\.\w{1,8}[:(]\d+([:,]\d+)?\)?:/.test(text.trimStart());
}
