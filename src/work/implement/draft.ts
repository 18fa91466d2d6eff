import { isUtf8 } from "node:buffer";
import type { WrittenFile } from "../../change/written-tree.js";
import type { Edit } from "./answers.js";
import { findExactly, lineEnd, nearest, withLineEnd } from "./matching.js";
import { isNamed, judgePath, type TreePaths } from "./paths.js";

/** An edit that was not made. `ask`: it is up to somebody who may decide it. */
export interface NotMade {
  path: string;
  state: "refused" | "ask" | "not-found";
  why: string;
}

export interface Made {
  path: string;
  action: Edit["action"];
}

interface Content {
  /** Null: the file is not there. */
  text: string | null;
  mode: WrittenFile["mode"];
}

/** Files that one draft may touch, and bytes that it may hold: a task is no rewrite of a repository. */
const mostFiles = 100;
const mostBytes = 4 * 1024 * 1024;
const largestFile = 2 * 1024 * 1024;

/**
 * A proposal in the making: the files of a tree with a model's edits in memory. Nothing is written anywhere, and
 * nothing gets in that `judgePath` does not allow.
 */
export class Draft {
  readonly #tree: TreePaths;
  readonly #task: string;
  readonly #read: (path: string) => Promise<Buffer | null>;
  readonly #base = new Map<string, Content>();
  readonly #now = new Map<string, Content>();

  /**
   * @param task the task's words, by which it names files that are not changed unasked
   * @param read a file of the tree, as bytes; null when it is not there
   */
  constructor(tree: TreePaths, task: string, read: (path: string) => Promise<Buffer | null>) {
    this.#tree = tree;
    this.#task = task;
    this.#read = read;
  }

  /** A file's text as it is now; null when it is not there, is binary or too large. */
  async text(path: string): Promise<string | null> {
    return (this.#now.get(path) ?? (await this.#original(path)))?.text ?? null;
  }

  /** Makes edits in their order; each that can't be made is told of, with what is there, and changes nothing. */
  async make(edits: readonly Edit[]): Promise<{ made: Made[]; notMade: NotMade[] }> {
    const made: Made[] = [];
    const notMade: NotMade[] = [];
    for (const edit of edits) {
      const failed = await this.#one(edit);
      if (failed === null) made.push({ path: edit.path, action: edit.action });
      else notMade.push(failed);
    }
    return { made, notMade };
  }

  async #one(edit: Edit): Promise<NotMade | null> {
    const ruling = judgePath(edit.path, this.#tree, this.#task);
    const shown = edit.path.slice(0, 200);
    if (ruling.state === "refused") return { path: shown, state: "refused", why: ruling.why };
    const { path } = ruling;
    if (ruling.state === "ask") return { path, state: "ask", why: ruling.why };
    const known = this.#now.get(path) ?? (await this.#original(path));
    if (known === null)
      return { path, state: "refused", why: "it is binary, not UTF-8 or too large to be edited" };
    const changed = this.#changed(path, known, edit);
    if (typeof changed !== "object" || changed === null) return this.#put(path, { ...known, text: changed });
    return changed;
  }

  #changed(path: string, { text }: Content, edit: Edit): string | null | NotMade {
    if (edit.action === "delete") {
      if (text === null) return { path, state: "not-found", why: "there is no such file" };
      const isNew = !this.#tree.entries.has(path);
      if (!isNew && !isNamed(path, this.#task))
        return { path, state: "ask", why: "the task does not say that it goes" };
      return null;
    }
    if (edit.action === "write") {
      const end = text === null ? "\n" : lineEnd(text);
      const whole = withLineEnd(edit.text, end);
      return whole === "" || whole.endsWith("\n") ? whole : `${whole}${end}`;
    }
    if (text === null)
      return { path, state: "not-found", why: "there is no such file: write it whole, with action `write`" };
    if (edit.search === "")
      return { path, state: "not-found", why: "search is empty: copy the lines that are to be replaced" };
    const end = lineEnd(text);
    const found = findExactly(text, withLineEnd(edit.search, end));
    if (found.state === "once")
      return text.slice(0, found.start) + withLineEnd(edit.text, end) + text.slice(found.end);
    if (found.state === "often") {
      const lines = found.lines.join(", ");
      return {
        path,
        state: "not-found",
        why: `search stands there more than once (lines ${lines}): take more lines`,
      };
    }
    // Given again after it was made.
    if (edit.text.trim().length > 3 && text.includes(withLineEnd(edit.text, end))) return text;
    const there = nearest(text, edit.search);
    const why = "search does not stand there, character by character";
    return { path, state: "not-found", why: there === null ? `${why}.` : `${why}. What is there:\n${there}` };
  }

  #put(path: string, content: Content): NotMade | null {
    const bytes = Buffer.byteLength(content.text ?? "");
    if (bytes > largestFile) return { path, state: "refused", why: "it would be too large" };
    if (!this.#now.has(path) && this.#now.size >= mostFiles)
      return { path, state: "refused", why: `a proposal touches ${mostFiles} files at most` };
    const others = [...this.#now].reduce(
      (sum, [name, { text }]) => sum + (name === path ? 0 : (text?.length ?? 0)),
      0,
    );
    if (others + bytes > mostBytes) return { path, state: "refused", why: "the proposal is too large" };
    if (this.#hides(path)) return { path, state: "refused", why: "a file and a folder can't have one name" };
    this.#now.set(path, content);
    return null;
  }

  /** Whether a new file would stand where another new one has its folder. */
  #hides(path: string): boolean {
    for (const [other, { text }] of this.#now) {
      if (text === null || other === path) continue;
      if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) return true;
    }
    return false;
  }

  /** What differs from the tree now, by path. */
  files(): WrittenFile[] {
    const files: WrittenFile[] = [];
    for (const [path, { text, mode }] of [...this.#now].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (text === (this.#base.get(path)?.text ?? null)) continue;
      files.push({ path, content: text === null ? null : Buffer.from(text), mode });
    }
    return files;
  }

  /** Every file that an edit touched, whether it differs now or not. */
  touched(): string[] {
    return [...this.#now.keys()];
  }

  /** Back to an earlier state of this draft. */
  take(files: readonly WrittenFile[]): void {
    this.#now.clear();
    for (const { path, content, mode } of files)
      this.#now.set(path, { text: content === null ? null : content.toString("utf8"), mode });
  }

  /** Null for what can't be edited as text. */
  async #original(path: string): Promise<Content | null> {
    const known = this.#base.get(path);
    if (known !== undefined) return known;
    const entry = this.#tree.entries.get(path);
    let content: Content = { text: null, mode: "100644" };
    if (entry !== undefined) {
      if ((entry.size ?? 0) > largestFile) return null;
      const bytes = await this.#read(path);
      if (bytes !== null) {
        if (bytes.includes(0) || !isUtf8(bytes)) return null;
        content = { text: bytes.toString("utf8"), mode: entry.mode === "100755" ? "100755" : "100644" };
      }
    }
    this.#base.set(path, content);
    return content;
  }
}
