import { randomBytes } from "node:crypto";

/**
 * Data for a prompt, between two lines with a mark that nobody who wrote the data can know. The prompt says that
 * what stands there is data.
 */
export function fence(data: string): string {
  let mark = "";
  do mark = `data-${randomBytes(9).toString("hex")}`;
  while (data.includes(mark));
  return `<<<${mark}\n${data}\n${mark}>>>`;
}
