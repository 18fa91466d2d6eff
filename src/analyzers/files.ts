import { posix } from "node:path";

/** Bytes above which a file is not analysed. */
export const sizeLimit = 1024 * 1024;

const typescript = new Set([".ts", ".tsx", ".mts", ".cts"]);
const javascript = new Set([".js", ".jsx", ".mjs", ".cjs"]);
const python = new Set([".py", ".pyi"]);

export function isTypeScript(path: string): boolean {
  return typescript.has(posix.extname(path).toLowerCase());
}

export function isJavaScript(path: string): boolean {
  return javascript.has(posix.extname(path).toLowerCase());
}

export function isEcmaScript(path: string): boolean {
  return isTypeScript(path) || isJavaScript(path);
}

/** A component with markup around its script. */
export function isComponent(path: string): boolean {
  return /\.(vue|svelte)$/i.test(path);
}

/** A file that is ECMAScript, or has some in it. */
export function hasScript(path: string): boolean {
  return isEcmaScript(path) || isComponent(path);
}

export function isPython(path: string): boolean {
  return python.has(posix.extname(path).toLowerCase());
}

const fixtureFolder =
  /(^|\/)(__?fixtures?__?|fixtures?|test-?_?data|__?mocks?__?|mocks|__snapshots__|snapshots|testcases?|test-cases|samples?|examples?|demos?|stubs|golden|baselines?|templates?|playground|corpus|invalid|bad)(\/|$)/i;

/** A folder whose files are often wrong on purpose, incomplete, or not meant to run. */
export function isFixture(path: string): boolean {
  return fixtureFolder.test(posix.dirname(path));
}

export function isTest(path: string): boolean {
  return (
    /(^|\/)(tests?|specs?|__tests__|e2e|cypress|integration)\//i.test(path) ||
    /^test_.*\..|^conftest\..|_test\..|[.-](test|spec|cy|stories)\../i.test(posix.basename(path))
  );
}

/** Text as an engine should see it, or null for what is no text in UTF-8 (UTF-16 files have zero bytes). */
export function decode(bytes: Buffer): string | null {
  if (bytes.includes(0)) return null;
  const text = bytes.toString("utf8");
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** Source that is filled in before it is run, and so need not be valid as it stands. */
export function isTemplate(path: string, text: string): boolean {
  return (
    /\{\{|\{%|<%/.test(path) ||
    /\{\{\s{0,9}cookiecutter\.|^[ \t]{0,99}(#|\/\/)?[ \t]{0,9}\{%-?\s{0,9}(if|for|raw|block|set)\b/m.test(
      text,
    )
  );
}

/** Flow's annotations are no JavaScript to any parser here. */
export function isFlow(text: string): boolean {
  return /^[ \t]*(\/\*[\s*]*|\/\/\s*)@flow\b/m.test(text.slice(0, 2_000));
}

/** Python 2 still exists, and is no mistake where it does. */
export function isPython2(text: string): boolean {
  return (
    /^[ \t]*print[ \t]+["'%\w]/m.test(text) ||
    /^[ \t]*except[ \t]+[\w.]+[ \t]*,[ \t]*\w+[ \t]*:/m.test(text) ||
    /^[ \t]*exec[ \t]+["'\w]/m.test(text) ||
    /^#!.*python2/.test(text)
  );
}
