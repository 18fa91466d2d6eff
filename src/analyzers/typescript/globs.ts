import { posix } from "node:path";

const implied = "(?!(?:node_modules|bower_components|jspm_packages)(?:/|$))";

/**
 * The files a tsconfig's `include` and `exclude` name, as the compiler understands them, from a list of paths:
 * `*` and `?` within a name, `**` for any folders, a name without an extension for all that is below it.
 *
 * @param base the configuration's folder, absolute
 */
export function filesOfGlobs(
  files: Iterable<string>,
  base: string,
  extensions: readonly string[],
  include: readonly string[],
  exclude: readonly string[],
): string[] {
  const wanted = distinct(include).flatMap((glob) => patternOf(base, glob, "include") ?? []);
  const unwanted = distinct(exclude).flatMap((glob) => patternOf(base, glob, "exclude") ?? []);
  const found: string[] = [];
  for (const file of files) {
    if (!extensions.some((extension) => file.endsWith(extension)) || isTooDeep(file)) continue;
    if (!wanted.some((pattern) => pattern.test(file)) || unwanted.some((pattern) => pattern.test(file)))
      continue;
    found.push(file);
  }
  return found;
}

/** Would every `**` have too many folders to choose from? Nobody's sources lie that deep. */
function isTooDeep(file: string): boolean {
  let folders = 0;
  for (let at = file.indexOf("/"); at !== -1; at = file.indexOf("/", at + 1)) folders++;
  return folders > 64;
}

/** Each pattern once, and no more of them than anybody writes: every one is tried on every file. */
export function distinct(globs: readonly string[]): string[] {
  return [...new Set(globs)].slice(0, globLimit);
}

const globLimit = 1_000;

function patternOf(base: string, glob: string, usage: "include" | "exclude"): RegExp | null {
  if (isCostly(glob)) return null;
  const parts = posix.resolve(base, glob).split("/").slice(1);
  const last = parts.at(-1) ?? "";
  if (usage === "include" && last === "**") return null;
  // A plain folder name stands for everything below it.
  if (usage === "include" && !/[.*?]/.test(last)) parts.push("**", "*");
  let source = "^";
  for (const [at, part] of parts.entries()) {
    if (part === "**") {
      source += usage === "include" ? `(?:/${implied}[^/.][^/]*)*?` : "(?:/.+?)?";
      continue;
    }
    const wild = /[*?]/.test(part);
    const guard = usage === "include" && wild ? (/^[*?]/.test(part) ? `${implied}(?!\\.)` : implied) : "";
    const name = part
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/\*+/g, "[^/]*")
      .replace(/\?/g, "[^/]");
    // `*` takes no minified files, unless they are asked for.
    const isLast = at === parts.length - 1;
    const minified = usage === "include" && isLast && part.startsWith("*") && !/\.min\./.test(part);
    source += `/${guard}${minified ? "(?!.*\\.min\\.js$)" : ""}${name}`;
  }
  return new RegExp(`${source}${usage === "include" ? "$" : "(?:$|/)"}`);
}

/** Would a pattern of that many wild cards take too long to match? Nobody means it. */
export function isCostly(glob: string): boolean {
  return glob.length > 500 || (glob.match(/\*\*/g)?.length ?? 0) > 4 || /(?:\*[^/*]+){5}/.test(glob);
}
