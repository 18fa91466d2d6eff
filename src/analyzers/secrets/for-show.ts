import { posix } from "node:path";
import { isFixture, isTest } from "../files.js";

/** Tests, examples and documentation show secrets that open nothing. */
export function isForShow(path: string): boolean {
  return (
    isTest(path) ||
    isFixture(path) ||
    /\.(md|mdx|rst|adoc|txt|example|sample|template|dist|snap)$/i.test(path) ||
    /(^|\/)docs?\//i.test(path) ||
    /example|sample/i.test(posix.basename(path))
  );
}
