/**
 * What each key of the configuration is, for editors and for docs/configuration-reference.md: by dotted path, `*` for
 * any one part, the first that fits. A test holds that every key has one.
 */
const descriptions: readonly (readonly [path: string, text: string])[] = [
  ["$schema", "Where editors find the schema of this file."],
  ["schema_version", "Version of the configuration's form."],
  ["interview.question_generation.backend", "Who writes an interview's questions."],
  [
    "interview.question_generation.fallback_to_premium",
    "Name a premium model for it when the local one is not there.",
  ],
  ["interview.spec_drafting.backend", "Who drafts a spec from an interview's answers."],
  ["interview.premium_refinement.enabled", "Whether shallow questions are sent for refinement."],
  ["interview.premium_refinement.trigger", "When they are: on the user's request, or when they are shallow."],
  ["plan.scouts.*.backend", "Who condenses what this scout gathered; gathering needs no model."],
  [
    "plan.scouts.*.cache_ttl_hours",
    "Hours for which its result may be used again while nothing relevant changed.",
  ],
  ["plan.spec_drafting.backend", "Who drafts a spec from a feature and the scouts' digest."],
  ["plan.task_breakdown.backend", "Who breaks a spec down into tasks."],
  ["plan.plan_review.simple.backend", "Model that reviews a SIMPLE plan: a routing name, or `source:name`."],
  [
    "plan.plan_review.complex.backend",
    "Model that reviews a COMPLEX plan: a routing name, or `source:name`.",
  ],
  ["work.model_selection.strategy", "How a task's worker is chosen."],
  ["work.model_selection.*.backend", "Who does a task of this complexity."],
  ["work.model_selection.*.strategy", "How a hybrid worker shares the work."],
  ["work.model_selection.*.local_model", "The local half of a hybrid worker."],
  ["work.model_selection.*.premium_model", "The premium half of a hybrid worker."],
  ["work.model_selection.high_complexity.security", "Premium model for a security-sensitive task."],
  ["work.model_selection.high_complexity.architectural", "Premium model for an architectural task."],
  ["work.model_selection.high_complexity.default", "Premium model for any other task of high complexity."],
  ["work.reanchor.backend", "Who condenses what a fresh worker re-reads."],
  ["work.reanchor.include_memory", "Whether flow-next's memory is part of it."],
  ["work.worker.subagent", "Advise the agent to run the worker as a subagent."],
  ["work.worker.fresh_context", "Advise the agent to start the worker with a fresh context."],
  ["work.implement.max_rounds", "Rounds that a local implementation may take."],
  ["work.implement.time_limit_s", "Seconds that it may take altogether."],
  ["work.implement.max_tokens", "Tokens of the local model that it may take."],
  [
    "work.implement.allow_unsandboxed",
    "Run code that a model wrote where there is no sandbox; see docs/security.md.",
  ],
  ["review.gates.enabled", "Run the project's own lint, build and typecheck first."],
  ["review.gates.checks", "Which gates are looked for."],
  ["review.gates.timeout_s", "Seconds for a gate that names no limit of its own."],
  [
    "review.gates.commands",
    "Commands by gate: a string, or an object with `command`, `cwd` and `timeout_s`.",
  ],
  ["review.prescreen.enabled", "Look for careless mistakes by static analysis."],
  ["review.prescreen.backend", "`premium` leaves the local models out of it."],
  ["review.prescreen.max_iterations", "Rounds on one task before it says to go on anyway."],
  [
    "review.prescreen.tools",
    "Programs of yours that look at a change too. They may run the project's own code.",
  ],
  ["review.fingerprint.enabled", "Recognise what was reviewed before."],
  [
    "review.fingerprint.skip_unchanged",
    "Repeat a verdict for an unchanged change instead of paying for it again.",
  ],
  [
    "review.fingerprint.require_blocker_change",
    "Skip a review while no line that was objected to was touched.",
  ],
  ["review.premium.enabled", "Off: a review ends at the route and hands over to your agent."],
  ["review.classification.security_patterns", "Globs of paths whose changes are SECURITY."],
  ["review.classification.complex_patterns", "Globs of paths whose changes are COMPLEX."],
  ["review.routing.*", "Reviewers of this class, best first: `source:name`, or `quota_lowest`."],
  ["premium_sources.*.enabled", "Whether this source may be used."],
  ["premium_sources.*.access_method", "How it is reached, where there is more than one way."],
  ["premium_sources.*.binary", "Absolute path of its program; default: the one on PATH."],
  ["premium_sources.*.endpoint", "A gateway to ask instead of the provider."],
  ["premium_sources.*.headers", "Headers to send along to the gateway."],
  ["premium_sources.*.api_key_env", "Name of the environment variable that holds its key."],
  ["premium_sources.*.models", "Models that it has, by routing name or id."],
  ["premium_sources.antigravity.terms_accepted", "That you have read and accepted its terms."],
  ["local.enabled", "Use local models at all."],
  [
    "local.primary_model_large",
    "Model for what does not fit the normal one; default: the listed variant ending in `-large`.",
  ],
  ["local.primary_model", "The local model for real work."],
  ["local.primary_endpoint", "Where it is served: any OpenAI-compatible server, or Ollama."],
  ["local.context_default", "Tokens up to which the normal model is asked."],
  ["local.context_max", "Tokens up to which the large model is asked; beyond, work is split."],
  ["local.prefilter_enabled", "Use a small model that chooses what the other one reads."],
  ["local.prefilter_model", "That small model."],
  ["local.prefilter_endpoint", "Where it is served."],
  ["local.api_key_env", "Name of the environment variable that holds the endpoint's key."],
  ["local.headers", "Headers to send along to the endpoint."],
  [
    "local.prefilter_api_key_env",
    "The same for the pre-filter; default: the primary's when both are one server.",
  ],
  [
    "local.prefilter_headers",
    "The same for the pre-filter; default: the primary's when both are one server.",
  ],
  ["memory.enabled", "Whether flow-next's memory is read anywhere."],
  ["flow.flowctl", "Absolute path of flow-next's flowctl; default: the one on PATH or of its plugin."],
  ["quota.scope", "One quota state for each repository, or one for all of yours."],
  ["quota.probe", "Ask sources for what they have left when a reading is too old."],
  ["quota.hard_limits", "By window: the fraction at which it counts as full."],
  ["quota.reserve", "By source: the fraction kept free for your own use."],
  ["models", "Model ids of a routing name by source, best first."],
  [
    "repositories",
    "Absolute paths of repositories that a caller may name as `repo`, beyond the one it works in.",
  ],
  ["secrets.allow", "SHA-256 of findings that are no secrets, in hex."],
  ["*.*.model", "Its local model."],
  ["*.*.*.model", "Its local model."],
];

const parts = descriptions.map(([path, text]) => ({ keys: path.split("."), text }));

/** What a key is; null for one that nobody described. */
export function describeKey(path: readonly string[]): string | null {
  const found = parts.find(
    ({ keys }) => keys.length === path.length && keys.every((key, at) => key === "*" || key === path[at]),
  );
  return found?.text ?? null;
}
