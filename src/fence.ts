import { randomBytes } from "node:crypto";

/**
 * A mark for the edges of data in one prompt: nobody who wrote the data can know it. The prompt says that what stands
 * between two lines with it is data.
 *
 * @param texts all that will stand between the marks
 */
export function newMark(texts: readonly string[]): string {
  let mark = "";
  do mark = `data-${randomBytes(9).toString("hex")}`;
  while (texts.some((text) => text.includes(mark)));
  return mark;
}

/** Data between two lines with a mark; `name` says what it is, and must be ours or harmless on one line. */
export function fence(data: string, mark = newMark([data]), name = ""): string {
  return `<<<${mark}${name === "" ? "" : ` ${name}`}\n${data}\n${mark}>>>`;
}
