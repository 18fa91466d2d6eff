import type { QueryCapture } from "web-tree-sitter";
import type { TreeIndex } from "./tree-index.js";

/** Specifiers against one side's tree. */
export interface Resolver {
  /** The files of the repository that a specifier means in a file; none when it is a package or a builtin. */
  resolve(specifier: string, from: string): readonly string[];
  /**
   * Texts one of which a file that imports `path` contains (its name without extension, say); null when nothing
   * can be said.
   */
  names(path: string): readonly string[] | null;
}

/**
 * One family of languages. What a file imports is read from its syntax tree and resolved over the paths of a git
 * tree: nothing is executed and the file system is never asked.
 */
export interface ImportLanguage {
  name: string;
  /** Whether a file may import others in this language. */
  handles(path: string): boolean;
  /** Whether this language may import that file: wider than `handles` (TypeScript imports JSON). */
  imports(path: string): boolean;
  /** Name of the tree-sitter grammar. */
  grammar(path: string): string;
  /** Tree-sitter query for the nodes that import. */
  query(grammar: string): string;
  /** Texts one of which every importing file contains: others are not parsed. */
  marks: readonly string[];
  /** Specifiers in a form that `resolver` understands. */
  specifiers(captures: readonly QueryCapture[]): string[];
  resolver(index: TreeIndex): Promise<Resolver>;
}
