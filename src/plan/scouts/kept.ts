import { createHash } from "node:crypto";
import * as z from "zod";
import { byteStrings } from "../../change/bytes.js";
import { git } from "../../change/git.js";
import { isSluiceError } from "../../errors.js";
import type { Ground } from "./ground.js";
import type { Scout } from "./scout.js";
import { type Significance, significanceOf } from "./significance.js";

/** Kept answers in another form than these are not read. */
const format = 1;

const finding = z.object({
  section: z.string(),
  text: z.string(),
  files: z.array(z.string()),
  sources: z.array(z.string()),
  facts: z.array(z.string()),
});

const keptSchema = z.object({
  format: z.literal(format),
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** Commit that was looked at. */
  head: z.string().nullable(),
  state: z.enum(["condensed", "gathered"]),
  model: z.string().nullable(),
  findings: z.array(finding).max(500),
  relevantFiles: z.array(z.string()).max(500),
  notes: z.array(z.string()).max(100),
  dropped: z.number(),
  /** Tokens of what the model read; null where none did, or it was not counted. */
  read: z.number().nullable().default(null),
  /** Keys of the facts there were. */
  facts: z.array(z.string()).max(1_000),
  /** The files that the findings rest on, by what was in them. */
  hashes: z.record(z.string(), z.string()),
  /** The files that had to do with the feature, the best first. */
  ranked: z.array(z.string()).max(200),
});

/** What a scout found, as it lies in the cache. */
export type Kept = z.output<typeof keptSchema>;

/** Answers of one scout. */
const mostKept = 200;
const mostHashed = 80;
/** Of the files that have to do with the feature now, those that would have been told of. */
const best = 15;
const minute = 60_000;

/** Everything that an answer depends on but the repository itself. */
export function keptKey(
  scout: Scout,
  about: { feature: string; model: string; prompt: string; paths: readonly string[]; memory: boolean },
): string {
  const feature = about.feature
    .normalize("NFKC")
    .toLowerCase()
    .replace(/\s+/g, " ")
    .replace(/[\s.!?]+$/, "")
    .trim();
  const parts = [
    format,
    scout.name,
    feature,
    about.model,
    about.prompt,
    [...about.paths].sort(),
    about.memory,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

/** What is kept under a key and not too old; null when there is nothing. */
export async function readKept(
  { project, sluice }: Ground,
  scout: Scout,
  key: string,
  ttlHours: number,
): Promise<Kept | null> {
  const parsed = keptSchema.safeParse(await project.store.cache(scout.folder).get(key));
  if (!parsed.success) return null;
  const age = sluice.clock() - parsed.data.at;
  // A clock that was set back makes it come from the future.
  return age < -minute || age >= ttlHours * 60 * minute ? null : parsed.data;
}

export async function writeKept(
  ground: Ground,
  scout: Scout,
  key: string,
  found: Omit<Kept, "format" | "at" | "head" | "hashes" | "ranked">,
  ttlHours: number,
): Promise<void> {
  if (ttlHours <= 0) return;
  const { project, sluice, survey, relevant } = ground;
  const about = [...new Set([...found.relevantFiles, ...found.findings.flatMap(({ files }) => files)])];
  const kept: Kept = {
    ...found,
    format,
    at: sluice.clock(),
    head: survey.head,
    hashes: await hashesOf(ground, about.slice(0, mostHashed)),
    ranked: relevant.map(({ path }) => path),
  };
  await project.store
    .cache(scout.folder, { maxAgeHours: Math.max(24, ttlHours), most: mostKept })
    .set(key, kept);
}

async function hashesOf(ground: Ground, paths: readonly string[]): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const path of paths) hashes[path] = await hashOf(ground, path);
  return hashes;
}

async function hashOf(ground: Ground, path: string): Promise<string> {
  const text = await ground.read(path);
  if (text !== null) return createHash("sha256").update(text).digest("hex").slice(0, 16);
  const bytes = ground.survey.files.find((file) => file.path === path)?.bytes;
  return bytes === undefined ? "gone" : `${bytes} bytes`;
}

/** Whether the repository is still what it was, as far as this answer is concerned: git is asked when HEAD has moved. */
export async function stillHolds(ground: Ground, kept: Kept, signal: AbortSignal): Promise<Significance> {
  const paths = Object.keys(kept.hashes);
  let touched = 0;
  for (const path of paths) if ((await hashOf(ground, path)) !== kept.hashes[path]) touched += 1;
  const known = new Set(kept.ranked);
  const appeared = ground.relevant.slice(0, best).filter(({ path }) => !known.has(path)).length;
  return significanceOf({
    changed: await changedSince(ground, kept.head, signal),
    tree: ground.survey.files.length,
    relevant: paths.length,
    touched,
    appeared,
  });
}

async function changedSince(
  { project, survey }: Ground,
  head: string | null,
  signal: AbortSignal,
): Promise<number | null> {
  if (head === survey.head) return 0;
  if (head === null || survey.head === null || !/^[0-9a-f]{40,64}$/.test(head)) return null;
  try {
    const args = ["diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", head, survey.head, "--"];
    const limits = { timeout: 15_000, maxOutput: 32 * 1024 * 1024, truncate: true, allowFailure: true };
    const changed = await git(project.repository, args, { signal, ...limits });
    return changed.code === 0 ? byteStrings(changed.stdout).length : null;
  } catch (error) {
    signal.throwIfAborted();
    if (isSluiceError(error)) return null;
    throw error;
  }
}
