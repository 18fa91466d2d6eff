import type { CategoryId } from "./categories.js";

export interface Option {
  label: string;
  description: string;
}

/** Who wrote a question: a model of ours, a premium one, or the bank. */
export type Writer = "local-model" | "premium" | "bank";

/** A question before it is numbered and put into a batch. */
export interface Draft {
  category: CategoryId;
  question: string;
  why: string;
  /** Two to four where the answer is a choice, else none. */
  options: Option[];
  from: Writer;
  /** Of the bank's: the text's word that brought it up; null or missing for a question that fits any text. */
  occasion?: string | null;
}
