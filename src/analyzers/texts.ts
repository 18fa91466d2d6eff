import type { Side } from "../change/types.js";
import { type EngineFile, pathOn, sides } from "./engine.js";
import type { Workspace } from "./workspace.js";

/** One side's version of a file, as an engine reads it. */
export interface SideText {
  /** Names it in what goes to a process of ours and comes back. */
  key: string;
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
  for (const file of files) {
    for (const side of sides) {
      const path = pathOn(file, side);
      const text = path === null ? null : await workspace.text(side, path);
      if (path === null || text === null) continue;
      const key = `${side}:${path}`;
      texts.set(key, { key, side, path, text });
    }
  }
  return texts;
}

/** The same file's key on the other side, or null where it is not there. */
export function otherKey(files: readonly EngineFile[], { side, path }: SideText): string | null {
  const other: Side = side === "base" ? "head" : "base";
  const path2 = files.find((file) => pathOn(file, side) === path)?.[other] ?? null;
  return path2 === null ? null : `${other}:${path2}`;
}
