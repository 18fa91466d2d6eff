import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import * as z from "zod";
import type { Side } from "../../change/types.js";
import { runProcess } from "../../process.js";
import { breathe } from "../breathe.js";
import {
  type BothSides,
  type Diagnostic,
  type Engine,
  evidenceOf,
  pathOn,
  type Severity,
  sides,
} from "../engine.js";
import { hasScript, isComponent, isFlow, isTemplate, isTypeScript } from "../files.js";
import { forLastTexts, linesOf } from "../last-text.js";
import { failure } from "../process-failure.js";
import { givenNames, givenPrefix } from "../typescript/ambient.js";
import { declaredGlobals } from "./directives.js";
import { oxlintConfiguration, oxlintRules } from "./oxlint-rules.js";
import { type ComponentScript, isGivenBySvelte, scriptOf } from "./script-blocks.js";

const output = z.object({
  diagnostics: z.array(
    z.object({
      message: z.string(),
      code: z.string().optional(),
      help: z.string().optional(),
      filename: z.string(),
      labels: z
        .array(
          z.object({
            span: z.object({ line: z.number().optional(), offset: z.number(), length: z.number() }),
          }),
        )
        .optional(),
    }),
  ),
});

interface Written {
  /** Of its file, in what is analysed. */
  index: number;
  side: Side;
  path: string;
  text: string;
  /** What oxlint is given of it. */
  linted: string;
  /** Of a component. */
  script: ComponentScript | null;
}

/**
 * oxlint over the changed files alone, copied to a folder of ours under names of ours: neither the repository's
 * configuration (whose `jsPlugins` it would run) nor its ignore files are anywhere near.
 */
export const oxlint: Engine = {
  name: "oxlint",
  languages: "TypeScript or JavaScript",
  handles: (path) => hasScript(path) && !/\.d\.[mc]?ts$/.test(path),
  timeout: 30_000,
  async analyse({ files, workspace, signal, limit, note }) {
    const folder = await workspace.scratch("oxlint");
    const written = new Map<string, Written>();
    for (const [index, file] of files.entries()) {
      for (const side of sides) {
        const path = pathOn(file, side);
        const text = path === null ? null : await workspace.text(side, path);
        if (path === null || text === null || isFlow(text)) continue;
        const script = isComponent(path) ? scriptOf(path, text) : null;
        if (isComponent(path) && script === null) continue;
        for (const [part, linted] of (script?.blocks ?? [text]).entries()) {
          const ending = script === null ? "" : `.${script.language}`;
          const name = `${side}/${index}/${part}/${plainName(path)}${ending}`;
          await mkdir(dirname(join(folder, name)), { recursive: true });
          await writeFile(join(folder, name), linted);
          written.set(name, { index, side, path, text, linted, script });
        }
      }
    }
    const found: BothSides = { base: [], head: [] };
    if (written.size === 0) return found;
    const configuration = join(await workspace.scratch("oxlint-configuration"), "oxlint.json");
    await writeFile(configuration, JSON.stringify(oxlintConfiguration()));
    const cwd = await withBothFolders(folder);
    const env = await workspace.environment();
    const lint = (names: readonly string[]) =>
      runProcess(process.execPath, [executable(), ...flags, "-c", configuration, ...names], {
        cwd,
        env,
        timeout: limit,
        signal,
        maxOutput: outputLimit,
      });
    // Files that end it, or of which more is said than can be read, cost themselves only.
    const queue: (readonly string[])[] = [["base", "head"]];
    const untold = new Set<number>();
    let crashes = 0;
    for (let names = queue.shift(); names; names = queue.shift()) {
      const result = await lint(names);
      const isCrash = result.code !== 0 && result.code !== 1;
      if (result.stopped !== null || (isCrash && ++crashes > mostCrashes)) throw failure("oxlint", result);
      if (result.truncated || isCrash) {
        const parts = names.includes("base") ? [...written.keys()] : names;
        const half = Math.ceil(parts.length / 2);
        if (parts.length > 1) queue.push(parts.slice(0, half), parts.slice(half));
        else for (const name of parts) untold.add(written.get(name)?.index ?? -1);
        continue;
      }
      for (const one of output.parse(JSON.parse(result.stdout.toString("utf8"))).diagnostics) {
        await breathe(signal);
        const file = written.get(one.filename.replaceAll("\\", "/"));
        const diagnostic = file && judge(one, file);
        if (file && diagnostic) found[file.side].push(diagnostic);
      }
    }
    // What is not known of one side says nothing of the other.
    const lost = new Set(
      [...untold].flatMap((index) => [`base:${files[index]?.base}`, `head:${files[index]?.head}`]),
    );
    for (const side of sides) found[side] = found[side].filter(({ path }) => !lost.has(`${side}:${path}`));
    if (untold.size > 0) note(`${untold.size} ${untold.size === 1 ? "file" : "files"} could not be checked`);
    for (const side of sides) found[side] = withoutEchoes(found[side]);
    return found;
  },
};

/** What is compared with itself is a constant condition too: once is enough. */
function withoutEchoes(ones: readonly Diagnostic[]): Diagnostic[] {
  const same = new Set(
    ones.flatMap((one) => (one.class === "self-comparison" ? [`${one.path}:${one.line}`] : [])),
  );
  return ones.filter((one) => one.class !== "constant-condition" || !same.has(`${one.path}:${one.line}`));
}

/** Runs that hostile texts may end. */
const mostCrashes = 12;
/** Bytes that one run may say. */
const outputLimit = 4 * 1024 * 1024;

const flags = ["--disable-nested-config", "--no-ignore", "--threads=1", "-f", "json"];

function executable(): string {
  const manifest = createRequire(import.meta.url).resolve("oxlint/package.json");
  return join(dirname(manifest), "bin", "oxlint");
}

async function withBothFolders(folder: string): Promise<string> {
  for (const side of sides) await mkdir(join(folder, side), { recursive: true });
  return folder;
}

/** A file name that can't be hidden, an option, or a configuration. */
function plainName(path: string): string {
  return `f_${basename(path).replace(/[^\w.-]/g, "_")}`;
}

function judge(one: z.infer<typeof output>["diagnostics"][number], file: Written): Diagnostic | null {
  const line = one.labels?.at(-1)?.span.line ?? one.labels?.[0]?.span.line ?? 1;
  const evidence = evidenceOf(linesOf(file.text)[line - 1]);
  if (one.code === undefined) return syntaxError(one.message, line, evidence, file);
  const rule = oxlintRules[one.code];
  if (!rule) return null;
  const diagnostic: Diagnostic = {
    code: one.code.replace(/^\w+\((.+)\)$/, "$1"),
    class: rule.class,
    severity: rule.severity,
    message: messageOf(one),
    path: file.path,
    line,
    evidence,
  };
  if (rule.class === "self-assignment") {
    // Svelte's way to say that something changed; and a member may have a setter.
    if (/\.svelte$/i.test(file.path)) return null;
    if (/[.[]/.test(spanned(one, file))) return { ...diagnostic, severity: "hint" };
  }
  if (rule.class === "undefined-name") return undefinedName(diagnostic, one.message, file);
  if (rule.class === "self-comparison") {
    const comparison = spanned(one, file);
    if (isNanTest(comparison, file.text, line)) return null;
    return { ...diagnostic, severity: severityOfSame(comparison) };
  }
  if (rule.class === "unreachable-code" && /^break;?$/.test(evidence)) return null;
  return diagnostic;
}

function messageOf({ message, help, code }: z.infer<typeof output>["diagnostics"][number]): string {
  if (code === "eslint(no-self-compare)") return `${sentence(message)} Compare with what was meant.`;
  return (help ? `${sentence(message)} ${help}` : message).replace(/\s+/g, " ");
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function syntaxError(message: string, line: number, evidence: string, file: Written): Diagnostic | null {
  // The compiler reads TypeScript better.
  if (isTyped(file) || isTemplate(file.path, file.text)) return null;
  return { code: "syntax", class: "syntax", severity: "certain", message, path: file.path, line, evidence };
}

/** In TypeScript the compiler knows the names of types, of namespaces, and of other files' globals. */
function undefinedName(diagnostic: Diagnostic, message: string, file: Written): Diagnostic | null {
  const name = /^'([^']+)' is not defined/.exec(message)?.[1];
  if (!name || isTyped(file) || givenNames.has(name) || givenPrefix.test(name)) return null;
  if (/\.svelte$/i.test(file.path) && isGivenBySvelte(name, file.text)) return null;
  const elsewhere = file.script?.blocks.filter((block) => block !== file.linted) ?? [];
  if (declaredGlobals(file.text).has(name) || elsewhere.some((block) => words(block).has(name))) return null;
  // A script gets its names from the page around it.
  return {
    ...diagnostic,
    subject: name,
    severity:
      file.script !== null || /\.[cm]js$/i.test(file.path) || isModule(file.text) ? "certain" : "hint",
    message: `'${name}' is not defined: import or declare it.`,
  };
}

const isModule = forLastTexts((text) =>
  /^[ \t]*(import|export)\b|\brequire\s*\(|\bmodule\.exports\b/m.test(text),
);
const words = forLastTexts((text) => new Set(text.match(/[\p{ID_Continue}$]+/gu)));
const bytes = forLastTexts((text) => Buffer.from(text));

/** The source that a finding is about. oxlint counts bytes. */
function spanned(one: z.infer<typeof output>["diagnostics"][number], file: Written): string {
  const { offset, length } = one.labels?.[0]?.span ?? { offset: 0, length: 0 };
  return bytes(file.linted)
    .subarray(offset, offset + Math.min(length, 2_000))
    .toString("utf8");
}

/** What is called or stepped may differ from itself the second time, and some tests ask just that. */
function severityOfSame(comparison: string): Severity {
  return /[\w$\])]\s*\(|\+\+|--|\b(await|yield)\b/.test(comparison) ? "hint" : "certain";
}

function isTyped({ path, script }: Written): boolean {
  return script === null ? isTypeScript(path) : /^ts/.test(script.language);
}

/** `x !== x` is how NaN is told where nothing else does, and `x === x` what is none; both say so nearby. */
function isNanTest(comparison: string, text: string, line: number): boolean {
  const lines = linesOf(text);
  const around = lines.slice(Math.max(0, line - 4), line + 2).join("\n");
  if (/SameValue|Object\.is/i.test(around)) return true;
  if (/!==?/.test(comparison)) return /nan\b/i.test(around);
  // A call of `isNaN` beside it has the question asked already.
  const here = lines[line - 1] ?? "";
  return /nan\b/i.test(here.replace(/\bisNaN\s*\(/g, "(")) || here.includes(`!(${comparison})`);
}
