import type { Config } from "../config/schema.js";
import type { EndpointState, LocalTier, Probe } from "../local/local.js";
import type { Health, Line } from "./health.js";

/** Milliseconds that a word of a model may take: one that is there answers in a few seconds. */
const probeLimit = 30_000;
/** The same for one that has to be loaded first, which may be with its download. */
const loadLimit = 30 * 60_000;

const names = { primary: "local model", prefilter: "pre-filter" } as const;

/** Who asked for it can mend it; everything else is only a smaller answer. */
const toBeMended: readonly string[] = [
  "model_unknown",
  "refused",
  "out_of_memory",
  "not_started",
  "out_of_context",
];

/**
 * What `sluice doctor` says of the local models. One that is loaded is asked for a word; one that is not only with
 * `load`, because that takes the card's memory and minutes.
 */
export async function localHealth(
  tier: LocalTier,
  config: Config["local"],
  options: { load: boolean; signal: AbortSignal; onProgress: (message: string) => void },
): Promise<Line[]> {
  const { primary, prefilter } = await tier.state(options.signal);
  const lines: Line[] = [];
  for (const [role, state] of [
    ["primary", primary],
    ["prefilter", prefilter],
  ] as const) {
    if (state === null) {
      lines.push({ health: "missing", what: names[role], detail: "switched off in the configuration" });
      continue;
    }
    const usable = state.problem === null && state.model !== null;
    const asked = usable && (options.load || state.loaded !== false);
    const probe = asked
      ? await tier.probe(role, {
          limit: options.load ? loadLimit : probeLimit,
          signal: options.signal,
          onProgress: options.onProgress,
        })
      : null;
    // Only the loaded model knows its real context, so it is looked at again.
    const known = asked && state.loaded !== true ? await tier.state(options.signal) : { primary, prefilter };
    lines.push(stateLine(known[role] ?? state, config));
    if (probe !== null) lines.push(probeLine(state, probe));
  }
  return lines;
}

function stateLine(state: EndpointState, config: Config["local"]): Line {
  const what = names[state.role];
  const { problem, note, context, loaded } = state;
  if (problem !== null) {
    return { health: healthOf(state, problem.kind), what, detail: problem.message, todo: problem.hint };
  }
  const detail = [
    `${state.server ?? "server"} at ${state.baseUrl}: ${state.model ?? state.configuredModel}`,
    ...(loaded === null ? [] : [loaded ? "loaded" : "not loaded"]),
    ...(context === null ? [] : [contextOf(state, context)]),
    ...(state.slots === null ? [] : [`${state.slots} at once`]),
    ...(note === null ? [] : [note]),
  ].join(", ");
  if (context !== null && context.from === "model" && state.role === "primary") {
    const wanted = config.context_default;
    if (context.normal < wanted) {
      return {
        health: "missing",
        what,
        detail,
        todo: `It has less context than local.context_default (${count(wanted)}): start it with -c ${wanted}, or set LOCAL_CONTEXT_DEFAULT=${context.normal}.`,
      };
    }
  }
  return {
    health: "ok",
    what,
    detail,
    ...(loaded === false ? { todo: "sluice doctor --load loads it and has it say a word." } : {}),
  };
}

function probeLine(state: EndpointState, { asked, tokensPerSecond }: Probe): Line {
  const what = `${names[state.role]} answers`;
  if (asked.state === "unavailable") {
    return { health: healthOf(state, asked.kind), what, detail: asked.message, todo: asked.hint };
  }
  const modes = {
    json_schema: "structured output by JSON schema",
    json_object: "structured output by JSON mode",
    prompt: "structured output by asking for it",
  };
  const seconds = (asked.ms / 1000).toFixed(1);
  const rate = tokensPerSecond === null ? "" : `, about ${tokensPerSecond} tokens/s`;
  return { health: "ok", what, detail: `${modes[asked.mode]}${rate}, a word in ${seconds} s` };
}

function healthOf(state: EndpointState, kind: string): Health {
  return state.role === "primary" && toBeMended.includes(kind) ? "wrong" : "missing";
}

function contextOf(state: EndpointState, { normal, large, from }: NonNullable<EndpointState["context"]>) {
  const how = from === "configured" ? " as configured" : from === "list" ? " as listed" : "";
  const more = large === null ? "" : `, ${count(large)} with ${state.largeModel ?? "a large one"}`;
  return `${count(normal)} tokens${how}${more}`;
}

/** 65,536 */
export function count(value: number): string {
  return value.toLocaleString("en-US");
}
