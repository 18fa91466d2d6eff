import type { Inspection, ServerKind } from "./discover.js";
import type { Endpoint, Role } from "./endpoints.js";
import { LocalFailure, type LocalFailureKind } from "./failures.js";
import type { Host } from "./host.js";
import { contexts } from "./plan.js";

/** What is there, found by looking. Nothing is loaded for it. */
export interface EndpointState {
  role: Role;
  baseUrl: string;
  /** The configured name. */
  configuredModel: string;
  up: boolean;
  /** Why it can't be used; null when it can. */
  problem: { kind: LocalFailureKind; message: string; hint: string } | null;
  server: ServerKind | null;
  /** Ids of the listed models. */
  models: string[];
  /** The model that would be asked, as the server lists it. */
  model: string | null;
  /** It is not the configured name, and why. */
  note: string | null;
  /** The model for larger work; null for none. */
  largeModel: string | null;
  /** Null where the server does not say. */
  loaded: boolean | null;
  /** Tokens. */
  context: {
    normal: number;
    large: number | null;
    /** Who says so: the loaded model, the server's list, what we ask of it, or only the configuration. */
    from: "model" | "list" | "asked" | "configured";
  } | null;
  /** Requests at once; null for not known. */
  slots: number | null;
  /** Milliseconds since it was looked at; null for never. */
  age: number | null;
}

export async function endpointState(
  host: Host,
  endpoint: Endpoint,
  signal: AbortSignal,
): Promise<EndpointState> {
  const state: EndpointState = {
    role: endpoint.role,
    baseUrl: endpoint.baseUrl,
    configuredModel: endpoint.model,
    up: false,
    problem: null,
    server: null,
    models: [],
    model: null,
    note: null,
    largeModel: null,
    loaded: null,
    context: null,
    slots: null,
    age: host.age,
  };
  const dead = host.breaker.check(host.sluice.clock());
  if (dead !== null) return { ...state, problem: problemOf(dead) };
  try {
    const inspection = await host.inspection(signal);
    return await filled({ ...state, up: true }, host, endpoint, inspection, signal);
  } catch (error) {
    if (!(error instanceof LocalFailure)) throw error;
    if (error.kind === "loading" || error.kind === "busy")
      return { ...state, up: true, problem: problemOf(error) };
    return { ...state, problem: problemOf(error) };
  } finally {
    host.breaker.undecided();
  }
}

async function filled(
  state: EndpointState,
  host: Host,
  endpoint: Endpoint,
  inspection: Inspection,
  signal: AbortSignal,
): Promise<EndpointState> {
  const base = {
    ...state,
    server: inspection.server,
    models: inspection.models.map(({ id }) => id),
    age: host.age,
  };
  try {
    const chosen = host.choose(inspection, endpoint, endpoint.model);
    const { listed, match } = chosen;
    const loaded = (await host.isLoaded(inspection, listed.id, signal)) ?? listed.loaded;
    // A loaded model tells what it has without any wait.
    if (loaded !== false)
      await host.facts(inspection, chosen, { timeout: 5_000, signal }).catch(ignoreFailure);
    const facts = host.knownFacts(listed.id);
    const sizes = contexts(host, endpoint, inspection, chosen);
    const from = facts?.context ? "model" : listed.context === null ? "configured" : "list";
    return {
      ...base,
      model: listed.id,
      note: match.note,
      largeModel: sizes.large?.model.listed.id ?? null,
      loaded,
      context: {
        normal: sizes.normal,
        large: sizes.large?.context ?? null,
        from: inspection.server === "ollama" ? "asked" : from,
      },
      slots: facts?.slots ?? null,
      problem: problemOf(host.modelBreaker(listed.id).failure),
    };
  } catch (error) {
    if (!(error instanceof LocalFailure)) throw error;
    return { ...base, problem: problemOf(error) };
  }
}

function ignoreFailure(error: unknown): void {
  if (!(error instanceof LocalFailure)) throw error;
}

function problemOf(failure: LocalFailure): { kind: LocalFailureKind; message: string; hint: string };
function problemOf(failure: LocalFailure | null): EndpointState["problem"];
function problemOf(failure: LocalFailure | null): EndpointState["problem"] {
  return failure && { kind: failure.kind, message: failure.message, hint: failure.hint };
}
