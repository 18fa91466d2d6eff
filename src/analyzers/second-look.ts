import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { git } from "../change/git.js";
import type { Change } from "../change/types.js";
import type { Sluice } from "../sluice.js";
import type { Finding } from "./compare.js";
import { isEcmaScript, isFixture, isPython } from "./files.js";
import { returnedValue } from "./returned-before.js";
import { maskSecrets } from "./secret-rules.js";
import type { Workspace } from "./workspace.js";

interface Look {
  change: Change;
  sluice: Sluice;
  workspace: Workspace;
  signal: AbortSignal;
}

/**
 * What no engine can know by itself is asked again here, of the few findings that are new: is the missing file one
 * that is generated, the undefined name one that this project gets from somewhere else? A finding that can be
 * explained away is dropped; in doubt it becomes a hint.
 */
export async function secondLook(findings: readonly Finding[], look: Look): Promise<Finding[]> {
  const ignored = await ignoredPaths(findings, look);
  const ambient = new Map<string, Promise<boolean>>();
  const kept: Finding[] = [];
  for (const finding of findings) {
    look.signal.throwIfAborted();
    if (finding.class === "missing-module" && finding.subject !== undefined) {
      if (ignored.has(finding.subject) || (await exists(finding.subject, look))) continue;
    }
    if (finding.class === "undefined-name" && finding.subject !== undefined) {
      const key = `${isPython(finding.file)}:${finding.subject}`;
      // A change with that many unknown names is of a kind that we don't understand.
      const isTooMany = ambient.size >= nameLimit && !ambient.has(key);
      const known =
        ambient.get(key) ?? (isTooMany ? null : isUsedAsGlobal(finding.subject, finding.file, look));
      if (known === null) {
        kept.push({ ...finding, severity: "hint" });
        continue;
      }
      ambient.set(key, known);
      if (await known) continue;
    }
    if (
      finding.regressionIn !== undefined &&
      !(await returnedBefore(finding.regressionIn, finding.file, look))
    )
      continue;
    const isDoubtful = finding.class !== "secret" && isFixture(finding.file);
    const severity = isDoubtful || (await isOfOpenClass(finding, look)) ? "hint" : finding.severity;
    kept.push({ ...finding, severity, message: maskSecrets(finding.message) });
  }
  return kept;
}

/** Is there a file by that name on either side, or in the work tree, whatever its extension? */
async function exists(target: string, { change, workspace }: Look): Promise<boolean> {
  const paths = await workspace.paths("head");
  if (paths.has(target)) return !(await isSourceFolder(target, paths));
  const folder = posix.dirname(target);
  const stem = posix.basename(target);
  const bare = stem.replace(/\.[cm]?jsx?$/, "");
  for (const path of paths) {
    if (posix.dirname(path) !== folder && !(folder === "." && !path.includes("/"))) continue;
    const name = posix.basename(path);
    if (name.startsWith(`${stem}.`) || name.startsWith(`${bare}.`)) return true;
  }
  if (change.repository.bare || change.headKind === "diff") return false;
  const there = join(change.repository.root, target);
  return ["", ".ts", ".tsx", ".js", ".mjs", ".json", ".py", ".pyi", ".d.ts", ".so"].some((end) =>
    existsSync(there + end),
  );
}

/** A folder alone is no module of ECMAScript without an index, but it is a package to Python. */
async function isSourceFolder(target: string, paths: ReadonlySet<string>): Promise<boolean> {
  if (/\.[a-z]+$/i.test(target)) return false;
  const indexes = [
    "index.ts",
    "index.tsx",
    "index.js",
    "index.jsx",
    "index.mjs",
    "index.vue",
    "package.json",
    "__init__.py",
    "__init__.pyi",
  ];
  if (indexes.some((name) => paths.has(`${target}/${name}`))) return false;
  for (const path of paths)
    if (path.startsWith(`${target}/`)) return !path.endsWith(".py") && isEcmaScript(path);
  return false;
}

const generated =
  /(^|\/)(__generated__|generated|gen|dist|build|out)(\/|$)|([._-](pb2?|generated|gen)(_grpc)?|_pb2?(_grpc)?|_version)(\.\w+)?$/i;

/** Of the missing modules, those that git ignores or that look generated: they are made when the project is built. */
async function ignoredPaths(findings: readonly Finding[], look: Look): Promise<Set<string>> {
  const { change, signal, sluice } = look;
  const missing = findings.flatMap((one) =>
    one.class === "missing-module" && one.subject ? [one.subject] : [],
  );
  const ignored = new Set(missing.filter((path) => generated.test(path)));
  if (missing.length === 0 || change.repository.bare) return ignored;
  const asked = missing.flatMap((path) => ["", ".ts", ".js", ".json", ".py", "/x"].map((end) => path + end));
  const { code, stdout } = await git(
    change.repository.root,
    ["check-ignore", "--no-index", "--stdin", "-z"],
    {
      input: `${asked.join("\0")}\0`,
      signal,
      allowFailure: true,
      environment: sluice.env,
    },
  );
  if (code !== 0) return ignored;
  const answers = new Set(stdout.toString("utf8").split("\0"));
  for (const path of missing) {
    if (["", ".ts", ".js", ".json", ".py", "/x"].some((end) => answers.has(path + end))) ignored.add(path);
  }
  return ignored;
}

const searchLimit = 4_000;
const nameLimit = 50;

/**
 * Do other files, which did not change, use the name without ever declaring or importing it? Then something gives it
 * to them: an auto-import, a script tag, a runtime.
 */
async function isUsedAsGlobal(
  name: string,
  file: string,
  { change, workspace, signal }: Look,
): Promise<boolean> {
  const python = isPython(file);
  const touched = new Set(change.files.flatMap((one) => [one.path, one.oldPath ?? one.path]));
  const quoted = name.replace(/\$/g, "\\$");
  const word = `(?<![\\w$.'"\`-])${quoted}(?![\\w$'"\`-])`;
  const used = new RegExp(`${word}\\s*[(.[]`, "g");
  const declared = new RegExp(
    [
      `\\b(import|from|as|const|let|var|function|class|interface|type|enum|namespace|module|def|global|nonlocal|for|catch|lambda)\\b[^;=\\n]*${word}`,
      `import[^;'"]*${word}`,
      `[({,]\\s*(\\.{3}|\\*{1,2})?${word}\\s*([,:=)}]|\\?:)`,
      `${word}\\s*(=>|:?=(?!=)|:)`,
      `import\\s*\\*`,
      // A method, or a member of a type.
      `${word}\\s*\\([^)]*\\)\\s*[{:]`,
    ].join("|"),
  );
  const sources = await workspace.sources("base", python ? "python" : "ecmascript");
  let read = 0;
  let seen = 0;
  for (const path of sources) {
    if (touched.has(path) || (python ? !isPython(path) : !isEcmaScript(path)) || /\.d\.[mc]?ts$/.test(path))
      continue;
    if (++read > searchLimit) return false;
    signal.throwIfAborted();
    const text = await workspace.source("base", python ? "python" : "ecmascript", path);
    if (text === null || !text.includes(name)) continue;
    const code = withoutComments(text, python);
    if (declared.test(code)) continue;
    seen += Math.min(code.match(used)?.length ?? 0, 2);
    if (seen >= 2) return true;
  }
  return false;
}

/** Code as far as names go: comments and strings left out. */
function withoutComments(text: string, python: boolean): string {
  const strings = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g;
  if (python)
    return text
      .replace(/("""|''')[\s\S]*?\1/g, "")
      .replace(strings, "")
      .replace(/#.*/g, "");
  return text
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/(^|\s)\/\/.*/g, "")
    .replace(strings, "");
}

/** Was the function in the same file before, and did it return something? Then it is the change that took that away. */
async function returnedBefore(name: string, file: string, { change, workspace }: Look): Promise<boolean> {
  const path = change.files.find((one) => one.path === file)?.oldPath ?? file;
  const text = await workspace.text("base", path);
  return text !== null && (await returnedValue(name, path, text));
}

/**
 * Is a missing member one of a Python class that may get it elsewhere: a mixin or a base class has the rest of its
 * parts in what it is mixed into?
 */
async function isOfOpenClass(finding: Finding, { workspace }: Look): Promise<boolean> {
  if (finding.class !== "missing-member" || finding.subject === undefined || !isPython(finding.file))
    return false;
  const name = finding.subject;
  if (/Mixin|Base|Abstract|Interface|Protocol/.test(name)) return true;
  const child = new RegExp(`^[ \\t]*class\\s+\\w+\\s*\\([^)]*\\b${name}\\b[^)]*\\)\\s*:`, "m");
  const own = new RegExp(`^[ \\t]*class\\s+${name}\\b`, "m");
  let isOurs = false;
  const sources = (await workspace.sources("head", "python")).filter((path) => isPython(path));
  for (const path of sources.slice(0, searchLimit)) {
    const text = await workspace.source("head", "python", path);
    if (text === null || !text.includes(name)) continue;
    if (child.test(text)) return true;
    isOurs ||= own.test(text);
  }
  return !isOurs;
}
