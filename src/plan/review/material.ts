import { createHash } from "node:crypto";
import { realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { secretsIn } from "../../analyzers/secrets/outgoing.js";
import { pathReasons } from "../../change/risk/paths.js";
import { mentionedPaths, type Survey } from "../../change/survey.js";
import { countTokens } from "../../change/tokens.js";
import type { Repository } from "../../change/types.js";
import { readRegularFile } from "../../durable-file.js";
import { messageOf } from "../../errors.js";
import type { Sluice } from "../../sluice.js";
import type { Plan } from "./plan.js";

/** One piece of what a reviewer of a plan reads. */
export interface Part {
  role: "spec" | "task" | "dependency" | "file";
  path: string;
  /** From the JSON beside it. */
  facts?: object;
  text: string;
  tokens: number;
  /** Of the text as it is sent, in hex. */
  sha256: string;
}

/** What a reviewer of a plan is shown: the spec, its tasks, the specs it depends on, and files that it names. */
export interface Material {
  /** Spec and tasks whole; then what is around them, as far as it is small. */
  parts: Part[];
  /** Files that the plan names and that are not shown. */
  not_shown: { path: string; reason: string }[];
  facts: {
    spec: string;
    dialect: string;
    problems: string[];
    depends_on: { id: string; title: string; status: string }[];
    /** Names of files in the plan that are not in the repository: to be made, or mistaken. */
    not_there: string[];
  };
}

/** Bytes: of one file that is shown, and of all together. A plan is read for itself; code is there to check it by. */
const fileLimit = 32 * 1024;
const filesLimit = 96 * 1024;
const dependencyLimit = 32 * 1024;
const mostFiles = 20;
const mostNames = 100;

export interface MaterialOptions {
  repository: Repository;
  survey: Survey;
  sluice: Sluice;
  /** SHA-256 of what the user says is no secret. */
  allowed: readonly string[];
  signal: AbortSignal;
}

/** Reads what a reviewer of a plan is shown. Nothing is cut: what is not shown is listed with its reason. */
export async function gatherMaterial(plan: Plan, options: MaterialOptions): Promise<Material> {
  const { repository, survey, signal } = options;
  const parts: Part[] = [];
  for (const { role, path, text, facts } of plan.texts) parts.push(await partOf(role, path, text, facts));
  const not_shown: Material["not_shown"] = [];
  for (const { id, title, status, specPath, markdown } of plan.dependencies) {
    if (markdown === null) not_shown.push({ path: specPath, reason: "can't be read" });
    else if (Buffer.byteLength(markdown) > dependencyLimit)
      not_shown.push({ path: specPath, reason: "a long spec that this one depends on" });
    else parts.push(await partOf("dependency", specPath, markdown, { id, title, status }));
  }
  const named = mentionedPaths(survey, plan.texts.map(({ text }) => text).join("\n\n"));
  const found = named.found.filter((path) => !path.endsWith("/") && !path.startsWith(".flow/"));
  const files: Part[] = [];
  let left = filesLimit;
  for (const [at, path] of found.entries()) {
    signal.throwIfAborted();
    const size = survey.files.find((file) => file.path === path)?.bytes ?? 0;
    if (at >= mostFiles || size > fileLimit || size > left) {
      not_shown.push({ path, reason: size > fileLimit ? "large" : "many files are named" });
      continue;
    }
    if (pathReasons({ path, oldPath: null }).some(({ rule }) => rule === "secret-file")) {
      not_shown.push({ path, reason: "may hold secrets" });
      continue;
    }
    const text = await readInside(repository.root, path);
    // What is not UTF-8 was read as U+FFFD.
    if (text === null || /[\0\uFFFD]/.test(text))
      not_shown.push({ path, reason: "no text that can be read" });
    else {
      left -= size;
      files.push(await partOf("file", path, text));
    }
  }
  parts.push(...(await withoutSecrets(files, not_shown, options)));
  return {
    parts,
    not_shown: not_shown.slice(0, mostNames),
    facts: {
      spec: plan.spec.id,
      dialect: plan.spec.dialect,
      problems: plan.problems.slice(0, mostNames).map(({ path, message }) => `${path}: ${message}`),
      depends_on: plan.dependencies.map(({ id, title, status }) => ({ id, title, status })),
      not_there: named.missing.slice(0, mostNames),
    },
  };
}

/** A file's text; null when it can't be read, or a folder on the way to it is a link. */
async function readInside(root: string, path: string): Promise<string | null> {
  const file = join(root, path);
  const real = await realpath(file).catch(() => null);
  if (real === null || real !== file || !real.startsWith(`${root}${sep}`)) return null;
  const content = await readRegularFile(file, fileLimit);
  return content.state === "read" ? content.text : null;
}

/** Code beside a plan is not worth stopping the review: a file with a secret stays here, and is named. */
async function withoutSecrets(
  files: Part[],
  not_shown: Material["not_shown"],
  { sluice, allowed, signal }: MaterialOptions,
): Promise<Part[]> {
  if (files.length === 0) return files;
  let dirty: ReadonlySet<string>;
  try {
    const found = (await secretsIn(files, { sluice, signal })).filter(({ hash }) => !allowed.includes(hash));
    dirty = new Set(found.map(({ path }) => path));
  } catch (error) {
    signal.throwIfAborted();
    sluice.log(`files that a plan names could not be searched for secrets: ${messageOf(error)}`);
    dirty = new Set(files.map(({ path }) => path));
  }
  for (const path of dirty) not_shown.push({ path, reason: "holds what looks like a secret" });
  return files.filter(({ path }) => !dirty.has(path));
}

async function partOf(role: Part["role"], path: string, text: string, facts?: object): Promise<Part> {
  const sha256 = createHash("sha256").update(text).digest("hex");
  const tokens = await countTokens(text);
  return { role, path, text, tokens, sha256, ...(facts === undefined ? {} : { facts }) };
}
