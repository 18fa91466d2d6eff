import { countTokens } from "../../change/tokens.js";
import { messageOf, UsageError } from "../../errors.js";
import type { Project } from "../../flow/project.js";
import { limited, unlessAborted } from "../../local/limits.js";
import { type LocalTier, openLocal } from "../../local/local.js";
import type { Sluice } from "../../sluice.js";
import { recordWork } from "../../state/metrics.js";
import { type Condensed, condenseLocally, condensePremium, dataOf, promptVersion } from "./condense.js";
import { asFinding, type Finding, keyOf, type ScoutResult, withoutRepeats } from "./findings.js";
import { type Ground, openGround } from "./ground.js";
import { type Kept, keptKey, readKept, stillHolds, writeKept } from "./kept.js";
import type { Fact, Gathered, Scout, ScoutName } from "./scout.js";
import { scouts as allScouts } from "./scouts.js";

export interface ScoutRequest {
  /** What is to be built, in words or Markdown. */
  feature: string;
  /** Default: all. */
  scouts?: readonly ScoutName[] | undefined;
  /** Flow id of the spec or task that it is for, for the report. */
  about?: string | null | undefined;
  /** Globs that narrow what is looked at. */
  paths?: readonly string[] | undefined;
  /** Looks anew whatever is kept. */
  refresh?: boolean | undefined;
  /** With false no model reads what was gathered: what an earlier one made of it and is kept, else the facts. */
  condense?: boolean | undefined;
  /** Lets scouts whose backend is `premium` or `hybrid` ask a premium model, once each. */
  premium?: boolean | undefined;
  /** Why nobody beyond this machine may be asked; null when that may be. */
  unreachable?: string | null | undefined;
  signal: AbortSignal;
  onProgress?: ((message: string) => void) | undefined;
  limits?: Partial<Limits> | undefined;
  /** For tests: other scouts, another tier. */
  among?: readonly Scout[] | undefined;
  tier?: LocalTier | undefined;
}

/** Milliseconds. */
export interface Limits {
  /** For what one scout gathers. */
  gather: number;
  /** For a model to read it, with what it waits for: others' turns, a cold start. */
  condense: number;
}

const defaultLimits: Limits = { gather: 30_000, condense: 240_000 };

export interface ScoutRun {
  feature: string;
  /** Commit that was looked at; null where there is none. */
  head: string | null;
  scouts: ScoutResult[];
  /** What could not be seen, for a person. */
  notes: string[];
}

/** Above this share of new facts a kept answer is not mended but given anew. */
const mendable = 0.6;
const featureLimit = 50_000;

/**
 * Sends scouts out for a feature, all at once: each gathers what is so, and the local model condenses it when it is
 * there. One that fails or takes too long costs its own part only.
 *
 * @throws UsageError for a feature without words; the signal's reason when cancelled
 */
export async function runScouts(project: Project, sluice: Sluice, request: ScoutRequest): Promise<ScoutRun> {
  if (!/[\p{L}\p{N}]{2}/u.test(request.feature)) {
    throw new UsageError("feature says nothing.", "Say in a sentence or more what is to be built.");
  }
  const { signal, onProgress = () => {} } = request;
  const among = request.among ?? allScouts;
  const chosen = among.filter(({ name }) => request.scouts === undefined || request.scouts.includes(name));
  onProgress("looking at the repository");
  const ground = await openGround(sluice, project, {
    feature: request.feature.slice(0, featureLimit),
    paths: request.paths,
    signal,
  });
  const tier = request.tier ?? openLocal(project.config, sluice, { store: project.store });
  const open = new Set(chosen.map(({ name }) => name));
  const say = () =>
    onProgress(open.size === 0 ? "putting it together" : `waiting for ${[...open].join(", ")}`);
  say();
  const results = await Promise.all(
    chosen.map(async (scout) => {
      const began = performance.now();
      const result = await send(scout, ground, tier, request);
      await recordScout(result, ground, request, began);
      open.delete(scout.name);
      say();
      return result;
    }),
  );
  signal.throwIfAborted();
  return {
    feature: ground.feature.title,
    head: ground.survey.head,
    scouts: results,
    notes: [...new Set(ground.notes)],
  };
}

/** Nothing where a scout has nothing to do, or was not asked for by itself. */
async function recordScout(
  { name, state, cached, model, read, findings }: ScoutResult,
  { project, sluice }: Ground,
  { condense, about }: ScoutRequest,
  began: number,
): Promise<void> {
  if (condense === false || state === "off") return;
  const counted = read !== null && read > 0 && model !== null;
  const why = cached ? "from the cache" : state === "gathered" && findings.length > 0 ? "no model" : null;
  await recordWork(
    project.store,
    sluice,
    began,
    {
      tool: "run_scout",
      part: name,
      about: { task: about ?? null, branch: project.repository.branch },
      outcome: state,
      cached,
      originals_tokens: counted ? read : null,
      summary_tokens: counted ? await countTokens(findings.map(({ text }) => text).join("\n")) : null,
    },
    ...(why === null ? [] : [{ kind: "skip" as const, what: "scout", why }]),
  );
}

/** One scout. Throws the caller's reason when cancelled, and nothing else. */
async function send(
  scout: Scout,
  ground: Ground,
  tier: LocalTier,
  request: ScoutRequest,
): Promise<ScoutResult> {
  try {
    return await scoutOnce(scout, ground, tier, request);
  } catch (error) {
    request.signal.throwIfAborted();
    ground.sluice.log(`the ${scout.name} scout failed: ${messageOf(error)}`);
    return { ...(await nothing(scout, ground)), state: "failed", why: messageOf(error).slice(0, 300) };
  }
}

async function nothing(scout: Scout, ground: Ground): Promise<ScoutResult> {
  const flow = await ground.flow().catch(() => null);
  return {
    name: scout.name,
    state: "off",
    why: null,
    cached: false,
    age_s: null,
    heading: scout.heading(ground.feature.title, flow?.dialect ?? "spec"),
    sections: scout.sections,
    findings: [],
    relevantFiles: [],
    dropped: 0,
    model: null,
    read: null,
    notes: [],
  };
}

async function scoutOnce(
  scout: Scout,
  ground: Ground,
  tier: LocalTier,
  request: ScoutRequest,
): Promise<ScoutResult> {
  const { signal } = request;
  const empty = await nothing(scout, ground);
  const why =
    scout.from === "service" && request.unreachable
      ? request.unreachable
      : ((await scout.off?.(ground)) ?? null);
  if (why !== null) return { ...empty, why };
  const backend = await backendOf(scout, ground, tier, request);
  const ttl = ttlOf(scout, ground);
  const kept = request.refresh ? null : await readKept(ground, scout, backend.key, ttl);
  const holds =
    kept === null ? "stale" : scout.from === "service" ? "same" : await stillHolds(ground, kept, signal);
  if (kept !== null && (holds === "same" || holds === "minor") && scout.from !== "state") {
    return fromKept(empty, kept, ground);
  }
  const gathered = await gather(scout, ground, request, backend.factsKey);
  const facts = usable(scout, gathered.facts);
  // What was found before stays where it rests on what is still so.
  const mending = kept === null || holds === "stale" ? null : mend(kept, facts);
  if (kept !== null && mending !== null && mending.fresh.length === 0 && mending.lost === 0)
    return fromKept(empty, kept, ground);
  const base: ScoutResult = {
    ...empty,
    state: "gathered",
    why: backend.note,
    age_s: gathered.age_s,
    relevantFiles: gathered.relevantFiles.filter(ground.has).slice(0, 40),
    notes: gathered.notes.slice(0, 20),
  };
  if (facts.length === 0) return base;
  const asked = mending?.fresh ?? facts;
  const condensed: Condensed =
    asked.length === 0
      ? { state: "condensed", model: kept?.model ?? "", findings: [], dropped: 0 }
      : request.condense === false
        ? { state: "not", why: "no model was asked in this call" }
        : await backend.condense(asked);
  if (condensed.state === "not") {
    return { ...base, why: condensed.why, findings: withoutRepeats(facts.map(asFinding)) };
  }
  const result: ScoutResult = {
    ...base,
    state: "condensed",
    age_s: 0,
    findings: inOrder(scout, withoutRepeats([...condensed.findings, ...(mending?.findings ?? [])])),
    dropped: condensed.dropped,
    model: condensed.model,
    read: await countTokens(dataOf(ground, facts)),
    notes:
      mending === null
        ? base.notes
        : [...base.notes, `refreshed in part: ${asked.length} of ${facts.length} facts went to the model`],
  };
  const { findings, relevantFiles, notes, dropped, model, read } = result;
  const found = {
    state: "condensed",
    model,
    findings,
    relevantFiles,
    notes,
    dropped,
    read,
    facts: facts.map(keyOf),
  } as const;
  await writeKept(ground, scout, backend.key, found, ttl);
  return result;
}

/** What of a kept answer still rests on facts, and which facts it has not seen; null when that is too little. */
function mend(
  kept: Kept,
  facts: readonly Fact[],
): { fresh: Fact[]; findings: Finding[]; lost: number } | null {
  const known = new Set(kept.facts);
  const fresh = facts.filter((fact) => !known.has(keyOf(fact)));
  if (fresh.length > facts.length * mendable) return null;
  const keys = new Set(facts.map(keyOf));
  const findings = kept.findings.filter((one) => one.facts.every((fact) => keys.has(fact)));
  return { fresh, findings, lost: kept.findings.length - findings.length };
}

interface Backend {
  /** Of the cache. */
  key: string;
  /** Of the cache, for what was gathered without a model. */
  factsKey: string;
  /** For a person: that another was asked than is configured. */
  note: string | null;
  condense(facts: readonly Fact[]): Promise<Condensed>;
}

/** Who reads the facts: a premium model only where that is configured and this call asks for it. */
async function backendOf(
  scout: Scout,
  ground: Ground,
  tier: LocalTier,
  request: ScoutRequest,
): Promise<Backend> {
  const { config } = ground.project;
  const settings = scout.settings === null ? null : config.plan.scouts[scout.settings];
  const { signal, unreachable = null } = request;
  const about = {
    feature: ground.feature.text,
    prompt: await promptVersion(scout),
    paths: request.paths ?? [],
    memory: config.memory.enabled,
  };
  const keyFor = (model: string) => keptKey(scout, { ...about, model });
  const factsKey = keyFor("");
  const onProgress = (message: string) => request.onProgress?.(`${scout.name}: ${message}`);
  if (settings !== null && settings.backend !== "local" && request.premium && unreachable === null) {
    const models = [settings.model];
    return {
      key: keyFor(`premium ${settings.model}`),
      factsKey,
      note: null,
      condense: (facts) =>
        condensePremium(ground, scout, facts, { models, about: request.about ?? null, signal, onProgress }),
    };
  }
  const { primary_model, primary_endpoint } = config.local;
  const limit = request.limits?.condense ?? defaultLimits.condense;
  return {
    key: keyFor(`local ${settings?.model ?? ""} ${primary_model} ${primary_endpoint}`),
    factsKey,
    note: settings?.backend === "premium" ? premiumNote(request) : null,
    condense: (facts) => condenseLocally(ground, scout, facts, { tier, limit, signal, onProgress }),
  };
}

function premiumNote({ premium, unreachable }: ScoutRequest): string {
  const why = premium && unreachable ? unreachable : "a premium model is asked only with premium: true";
  return `condensed by the local model: ${why}`;
}

function ttlOf(scout: Scout, { project }: Ground): number {
  return scout.settings === null ? 24 : project.config.plan.scouts[scout.settings].cache_ttl_hours;
}

/** Within its time, whether it minds its signal or not. What came over the network is kept as long as answers are. */
async function gather(
  scout: Scout,
  ground: Ground,
  request: ScoutRequest,
  key: string,
): Promise<Gathered & { age_s: number }> {
  const ttl = ttlOf(scout, ground);
  const isRemote = scout.from === "service";
  const kept = isRemote && !request.refresh ? await readKept(ground, scout, key, ttl) : null;
  if (kept !== null) {
    const facts = kept.findings.map(({ sources, ...fact }): Fact => ({ ...fact, source: sources[0] ?? "" }));
    return { facts, relevantFiles: kept.relevantFiles, notes: kept.notes, age_s: ageOf(kept, ground) };
  }
  const ms = request.limits?.gather ?? defaultLimits.gather;
  const limit = limited(request.signal, ms);
  try {
    const gathered = await unlessAborted(scout.gather(ground, limit.signal), limit.signal);
    if (isRemote && gathered.facts.length > 0) {
      const { facts, relevantFiles, notes } = gathered;
      const findings = facts.slice(0, 200).map(asFinding);
      const rest = { relevantFiles, notes, dropped: 0, read: null };
      const found = { state: "gathered", model: null, findings, ...rest } as const;
      await writeKept(ground, scout, key, { ...found, facts: facts.slice(0, 200).map(keyOf) }, ttl);
    }
    return { ...gathered, age_s: 0 };
  } catch (error) {
    if (limit.passed()) throw new Error(`it took longer than ${Math.round(ms / 1000)} s`);
    throw error;
  } finally {
    limit.end();
  }
}

function ageOf(kept: Kept, { sluice }: Ground): number {
  return Math.max(0, Math.round((sluice.clock() - kept.at) / 1000));
}

/** Facts of this scout's sections, each once. */
function usable(scout: Scout, facts: readonly Fact[]): Fact[] {
  const seen = new Set<string>();
  return facts.filter((fact) => {
    const key = keyOf(fact);
    if (seen.has(key) || !scout.sections.includes(fact.section)) return false;
    seen.add(key);
    return true;
  });
}

function inOrder(scout: Scout, findings: readonly Finding[]): Finding[] {
  return scout.sections.flatMap((section) => findings.filter((finding) => finding.section === section));
}

function fromKept(empty: ScoutResult, kept: Kept, ground: Ground): ScoutResult {
  return {
    ...empty,
    state: kept.state,
    cached: true,
    age_s: ageOf(kept, ground),
    findings: kept.findings.map((finding) => ({ ...finding, files: finding.files.filter(ground.has) })),
    relevantFiles: kept.relevantFiles.filter(ground.has),
    dropped: kept.dropped,
    model: kept.model,
    read: kept.read,
    notes: kept.notes,
  };
}
