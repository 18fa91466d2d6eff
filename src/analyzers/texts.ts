import type { Side } from "../change/types.js";
import { breathe } from "./breathe.js";
import { type EngineFile, pathOn, sides } from "./engine.js";
import type { Workspace } from "./workspace.js";

/** One side's version of a file, as an engine reads it. */
export interface SideText {
  /** Names it in what goes to a process of ours and comes back. */
  key: string;
  /** Which of the files it belongs to: the same number on both sides. */
  file: number;
  /** The same file's key on the other side, or null where it does not exist. */
  other: string | null;
  side: Side;
  path: string;
  text: string;
}

/** Both sides' text of the files, by key; without what does not exist, is too large, or is no text. */
export async function textsOf(
  files: readonly EngineFile[],
  workspace: Workspace,
): Promise<Map<string, SideText>> {
  const texts = new Map<string, SideText>();
  for (const [index, file] of files.entries()) {
    for (const side of sides) {
      await breathe();
      const path = pathOn(file, side);
      const text = path === null ? null : await workspace.text(side, path);
      if (path === null || text === null) continue;
      const key = `${side}:${path}`;
      const other = side === "base" ? file.head : file.base;
      const otherKey = other === null ? null : `${side === "base" ? "head" : "base"}:${other}`;
      texts.set(key, { key, file: index, other: otherKey, side, path, text });
    }
  }
  return texts;
}
