import { canonicalJson, isObject, type Json, type JsonObject } from "./json.js";
import { flowKeys, userOnlyKeys } from "./schema.js";

/** A value of the repository's that has no effect. */
export interface NotTrusted {
  /** Dotted path. */
  key: string;
  value: unknown;
  /** What it would do, and how it can take effect. */
  why: string;
}

/** What a rule makes of a value: the value that stays (undefined for none), and why the rest doesn't. */
type Ruling = { keep: Json | undefined; dropped: Json; why: string } | null;

interface Rule {
  /** Dotted path, `*` for any one key. */
  path: string;
  judge(value: Json, baseline: Json | undefined): Ruling;
}

const ask = "takes effect after `sluice trust`";

const mustNotDisable = (what: string): Rule["judge"] => {
  return (value, baseline) =>
    value === false && baseline !== false
      ? { keep: undefined, dropped: value, why: `it switches ${what} off; ${ask}` }
      : null;
};

const mustNotLower: Rule["judge"] = (value, baseline) =>
  typeof value === "number" && typeof baseline === "number" && value < baseline
    ? { keep: undefined, dropped: value, why: `it is less than ${baseline}, which loosens review; ${ask}` }
    : null;

/** More may be added; what is there by default stays. */
const mustKeepAll = (what: string): Rule["judge"] => {
  return (value, baseline) => {
    if (!Array.isArray(value) || !Array.isArray(baseline)) return null;
    // A pattern that starts with `!` takes files out again.
    const added = value.filter((item) => !(typeof item === "string" && item.startsWith("!")));
    const negated = value.filter((item) => !added.includes(item));
    const missing = baseline.filter((item) => !value.includes(item));
    const keep = [...baseline, ...added.filter((item) => !baseline.includes(item))];
    if (missing.length === 0 && negated.length === 0) return { keep, dropped: [], why: "" };
    return { keep, dropped: value, why: `it takes ${what} away, which were kept; ${ask}` };
  };
};

/** Nothing may be added; what is left out stays out. */
const mustBeAmong = (what: string): Rule["judge"] => {
  return (value, baseline) => {
    if (!Array.isArray(value) || !Array.isArray(baseline)) return null;
    const added = value.filter((item) => !baseline.includes(item));
    if (added.length === 0) return null;
    const kept = value.filter((item) => baseline.includes(item));
    return {
      keep: kept.length > 0 ? kept : undefined,
      dropped: added,
      why: `it names ${what} that you did not choose; ${ask}`,
    };
  };
};

const mustBeSame = (why: string): Rule["judge"] => {
  return (value, baseline) =>
    canonicalJson(value) === canonicalJson(baseline)
      ? null
      : { keep: undefined, dropped: value, why: `${why}; ${ask}` };
};

const mustStayLocal: Rule["judge"] = (value, baseline) =>
  value === baseline || value === "local"
    ? null
    : { keep: undefined, dropped: value, why: `it sends text beyond the local model; ${ask}` };

const mustBeLoopback: Rule["judge"] = (value, baseline) =>
  value === baseline || (typeof value === "string" && isLoopback(value))
    ? null
    : { keep: undefined, dropped: value, why: `it sends text to another machine; ${ask}` };

const harmless: Rule["judge"] = () => null;

/** The first rule whose path fits decides; what none fits is let through. */
const rules: readonly Rule[] = [
  ...userOnlyKeys.map((path) => ({
    path,
    judge: (value: Json): Ruling => ({
      keep: undefined,
      dropped: value,
      why: "it counts only in your own configuration, never in a repository's",
    }),
  })),
  ...(flowKeys.review ?? []).map((key) => ({ path: `review.${key}`, judge: harmless })),
  { path: "review.gates.enabled", judge: mustNotDisable("the gates") },
  { path: "review.gates.checks", judge: mustKeepAll("gates") },
  { path: "review.gates.commands", judge: mustBeSame("it chooses what runs") },
  { path: "review.gates.timeout_s", judge: mustBeSame("it may end gates before they find anything") },
  { path: "review.prescreen.enabled", judge: mustNotDisable("the pre-screen") },
  { path: "review.prescreen.max_iterations", judge: mustNotLower },
  { path: "review.prescreen.tools", judge: mustBeSame("it chooses what runs") },
  { path: "review.prescreen.model", judge: harmless },
  { path: "review.prescreen.backend", judge: mustStayLocal },
  { path: "review.fingerprint.enabled", judge: mustNotDisable("fingerprints") },
  { path: "review.fingerprint.skip_unchanged", judge: mustNotDisable("a part of the fingerprint check") },
  {
    path: "review.fingerprint.require_blocker_change",
    judge: mustNotDisable("a part of the fingerprint check"),
  },
  // Off, it costs nothing and ships nothing.
  {
    path: "review.premium.enabled",
    judge: (value, baseline) =>
      value === false ? null : mustBeSame("it has premium models asked")(value, baseline),
  },
  { path: "review.classification.security_patterns", judge: mustKeepAll("patterns") },
  { path: "review.classification.complex_patterns", judge: mustKeepAll("patterns") },
  // A key that this version does not know may loosen review in the next one.
  ...["gates", "prescreen", "fingerprint", "premium", "classification"].map((section) => ({
    path: `review.${section}.*`,
    judge: mustBeSame("it may loosen review"),
  })),
  { path: "review.routing.*", judge: mustBeAmong("reviewers") },
  { path: "plan.plan_review.*.backend", judge: mustBeSame("it chooses the reviewer") },
  {
    path: "premium_sources.*.enabled",
    judge: (value, baseline) =>
      value === false ? null : mustBeSame("it switches a source on")(value, baseline),
  },
  { path: "premium_sources.*.models", judge: mustBeAmong("models") },
  // Whatever else there is or will be about a source or an endpoint decides what runs or where text goes.
  { path: "premium_sources.*.*", judge: mustBeSame("it chooses what runs or where text goes") },
  { path: "local.enabled", judge: harmless },
  { path: "local.prefilter_enabled", judge: harmless },
  { path: "local.primary_model", judge: harmless },
  { path: "local.primary_model_large", judge: harmless },
  { path: "local.prefilter_model", judge: harmless },
  { path: "local.context_default", judge: harmless },
  { path: "local.context_max", judge: harmless },
  { path: "local.primary_endpoint", judge: mustBeLoopback },
  { path: "local.prefilter_endpoint", judge: mustBeLoopback },
  { path: "local.*", judge: mustBeSame("it chooses what runs or where text goes") },
];

const patterns = rules.map((rule) => ({ rule, keys: rule.path.split(".") }));

/**
 * Takes out of a repository's configuration what an untrusted one must not decide. `baseline` is the configuration
 * without the repository: what equals it, or is stricter, passes.
 *
 * @param trusted with true, only what no repository may ever set is taken out
 */
export function restrict(
  repository: JsonObject,
  baseline: JsonObject,
  trusted: boolean,
): { config: JsonObject; not_trusted: NotTrusted[] } {
  const not_trusted: NotTrusted[] = [];
  const walk = (value: JsonObject, base: Json | undefined, path: readonly string[]): JsonObject => {
    const kept: JsonObject = {};
    for (const [key, item] of Object.entries(value)) {
      const at = [...path, key];
      const rule = ruleFor(at);
      const baseItem = isObject(base) && Object.hasOwn(base, key) ? base[key] : undefined;
      const applies = rule !== null && (!trusted || isUserOnly(rule));
      const ruling = applies ? rule.judge(item, baseItem) : null;
      if (ruling !== null) {
        if (ruling.why !== "")
          not_trusted.push({ key: at.join("."), value: ruling.dropped, why: ruling.why });
        if (ruling.keep !== undefined) kept[key] = ruling.keep;
      } else kept[key] = isObject(item) && rule === null ? walk(item, baseItem, at) : item;
    }
    return kept;
  };
  return { config: walk(repository, baseline, []), not_trusted };
}

/** Whose word counts for a key, for the reference: see docs/configuration-reference.md. */
export function whoMaySet(path: readonly string[]): "anyone" | "stricter" | "trust" | "you" {
  const own = path.map((_, at) => ruleFor(path.slice(0, at + 1))).find((rule) => rule !== null);
  if (own === undefined || own.judge === harmless) return "anyone";
  if (isUserOnly(own)) return "you";
  const loosens =
    /^review\.(gates\.(enabled|checks)|prescreen\.(enabled|max_iterations)|fingerprint\.|classification\.|premium\.)/;
  return loosens.test(path.join(".")) ? "stricter" : "trust";
}

/** True for an http(s) address that can't leave this machine. */
export function isLoopback(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, username, password } = new URL(address);
  if ((protocol !== "http:" && protocol !== "https:") || username !== "" || password !== "") return false;
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function isUserOnly(rule: Rule): boolean {
  return userOnlyKeys.includes(rule.path);
}

function ruleFor(path: readonly string[]): Rule | null {
  for (const { rule, keys } of patterns) {
    if (keys.length === path.length && keys.every((key, index) => key === "*" || key === path[index])) {
      return rule;
    }
  }
  // Backends are everywhere.
  if (path.at(-1) === "backend") return { path: path.join("."), judge: mustStayLocal };
  return null;
}
