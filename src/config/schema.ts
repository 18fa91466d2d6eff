import * as z from "zod";

/**
 * Every key that Sluice reads, with its default, so that no file at all is a valid configuration. Objects are loose:
 * flow-next keeps its own keys (`review.backend`, `planSync`, `scouts`, …) in the same file, and they are none of
 * our business.
 */

const flag = (value: boolean) => z.boolean().default(value);
const text = z.string().min(1).max(500);
const model = (value: string) => text.default(value);
/** What sections name until somebody names another one: it stands for the primary local model, whatever that is. */
export const defaultLocalModel = "GLM-4.7-Flash";
const localModel = defaultLocalModel;

/** `local`: a model of ours; `premium`: a subscription; `hybrid`: local first, premium when that is not enough. */
const backend = (value: "local" | "premium" | "hybrid") =>
  z.enum(["local", "premium", "hybrid"]).default(value);

/** minimatch tries every way to place a wildcard: a pattern with dozens of them would hang a review. */
const glob = z
  .string()
  .min(1)
  .max(256)
  .refine(
    (pattern) => (pattern.match(/[*?]+/g)?.length ?? 0) <= 12 && (pattern.match(/[{(]/g)?.length ?? 0) <= 3,
    {
      message: "a glob with at most 12 wildcards and 3 groups",
    },
  );

const url = z
  .string()
  .max(2_000)
  .refine(
    (value) => {
      if (!URL.canParse(value)) return false;
      const { protocol, username, password } = new URL(value);
      return (protocol === "http:" || protocol === "https:") && username === "" && password === "";
    },
    { message: "an http:// or https:// address without a user name in it" },
  );

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { message: "the name of an environment variable" });

const headers = z.record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().max(4_000));

/** A gate's command as it is run: from a string, or from an object with a folder and a limit. */
const gateCommand = z
  .union([
    z.string().trim().min(1).max(2_000),
    z.looseObject({
      command: z.string().trim().min(1).max(2_000),
      cwd: z.string().min(1).max(500).optional(),
      timeout_s: z.number().min(1).max(3_600).optional(),
    }),
  ])
  .transform((value) =>
    typeof value === "string"
      ? { command: value, cwd: null, timeout_s: null }
      : { command: value.command, cwd: value.cwd ?? null, timeout_s: value.timeout_s ?? null },
  );

/** Programs of the user's that the pre-screen knows how to call and to read. */
export const toolNames = [
  "shellcheck",
  "php",
  "ruby",
  "go-vet",
  "staticcheck",
  "golangci-lint",
  "cargo-check",
  "cargo-clippy",
  "javac",
  "rubocop",
  "phpstan",
  "eslint",
] as const;
export type ToolName = (typeof toolNames)[number];

export interface ToolSettings {
  name: ToolName;
  /** Absolute path of the program; null for what PATH finds. */
  command: string | null;
  timeout_s: number;
}

const toolName = z.enum(toolNames);
const toolTimeout = 120;
const tool = z
  .union([
    toolName,
    z.looseObject({
      name: toolName,
      command: z
        .string()
        .max(1_000)
        .regex(/^(\/|[A-Za-z]:[\\/])/, { message: "an absolute path" })
        .optional(),
      timeout_s: z.number().min(1).max(3_600).optional(),
    }),
  ])
  .transform((value): ToolSettings => {
    if (typeof value === "string") return { name: value, command: null, timeout_s: toolTimeout };
    return { name: value.name, command: value.command ?? null, timeout_s: value.timeout_s ?? toolTimeout };
  });

const stage = z.looseObject({ backend: backend("local"), model: model(localModel) }).prefault({});

const scout = (hours: number) =>
  z
    .looseObject({
      backend: backend("local"),
      model: model(localModel),
      cache_ttl_hours: z.number().min(0).max(8_760).default(hours),
    })
    .prefault({});

const interview = z
  .looseObject({
    question_generation: z
      .looseObject({
        backend: backend("local"),
        model: model(localModel),
        fallback_to_premium: flag(true),
      })
      .prefault({}),
    spec_drafting: stage,
    premium_refinement: z
      .looseObject({ enabled: flag(true), trigger: text.default("user_request_or_shallow_questions") })
      .prefault({}),
  })
  .prefault({});

const plan = z
  .looseObject({
    scouts: z
      .looseObject({
        repo_scout: scout(24),
        practice_scout: scout(168),
        docs_scout: scout(24),
        github_scout: z
          .looseObject({
            backend: backend("premium"),
            model: model("sonnet-4"),
            cache_ttl_hours: z.number().min(0).max(8_760).default(24),
          })
          .prefault({}),
        epic_scout: scout(24),
        docs_gap_scout: scout(24),
      })
      .prefault({}),
    spec_drafting: stage,
    task_breakdown: stage,
    plan_review: z
      .looseObject({
        simple: z.looseObject({ backend: text.default("sonnet-4") }).prefault({}),
        complex: z.looseObject({ backend: text.default("opus-4.5") }).prefault({}),
      })
      .prefault({}),
  })
  .prefault({});

const work = z
  .looseObject({
    model_selection: z
      .looseObject({
        strategy: text.default("complexity_based"),
        low_complexity: stage,
        medium_complexity: z
          .looseObject({
            backend: backend("hybrid"),
            local_model: model(localModel),
            premium_model: model("sonnet-4"),
            strategy: text.default("local_first_premium_fallback"),
          })
          .prefault({}),
        high_complexity: z
          .looseObject({
            backend: backend("premium"),
            security: model("codex-5.2"),
            architectural: model("opus-4.5"),
            default: model("opus-4.5"),
          })
          .prefault({}),
      })
      .prefault({}),
    reanchor: z
      .looseObject({ backend: backend("local"), model: model(localModel), include_memory: flag(true) })
      .prefault({}),
    worker: z.looseObject({ subagent: flag(true), fresh_context: flag(true) }).prefault({}),
    implement: z
      .looseObject({
        /** Answers that are judged by gates and pre-screen before the rest is left to a premium model. */
        max_rounds: z.int().min(1).max(20).default(4),
        /** Seconds for everything. */
        time_limit_s: z.number().min(30).max(14_400).default(1_800),
        /** Tokens that the local model may read and write for one task. */
        max_tokens: z.int().min(10_000).max(100_000_000).default(600_000),
        /** Counts only in the user's own file: runs model-written code where there is no sandbox. */
        allow_unsandboxed: flag(false),
      })
      .prefault({}),
  })
  .prefault({});

/** `source:model`, or `quota_lowest`: whichever source has most left. */
const routingEntry = z.string().regex(/^(quota_lowest|[a-z0-9_]{1,64}:[A-Za-z0-9._:/-]{1,128})$/, {
  message: "`source:model`, or `quota_lowest`",
});
const routingList = (entries: string[]) => z.array(routingEntry).max(50).default(entries);

const globs = (patterns: string[]) => z.array(glob).max(500).default(patterns);

const review = z
  .looseObject({
    gates: z
      .looseObject({
        enabled: flag(true),
        checks: z.array(text).max(50).default(["lint", "build", "typecheck"]),
        /** Seconds for one check that names no limit of its own. */
        timeout_s: z.number().min(1).max(3_600).default(300),
        commands: z.record(z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/), gateCommand).default({}),
      })
      .prefault({}),
    prescreen: z
      .looseObject({
        enabled: flag(true),
        backend: backend("local"),
        model: model(localModel),
        max_iterations: z.int().min(1).max(100).default(3),
        /** Programs on PATH that look at a change too. They may run the project's own code. */
        tools: z.array(tool).max(20).default([]),
      })
      .prefault({}),
    fingerprint: z
      .looseObject({ enabled: flag(true), skip_unchanged: flag(true), require_blocker_change: flag(true) })
      .prefault({}),
    /** Switched off, a review ends before a premium model is asked, and hands over to the agent. */
    premium: z.looseObject({ enabled: flag(true) }).prefault({}),
    classification: z
      .looseObject({
        security_patterns: globs([
          "**/auth/**",
          "**/crypto/**",
          "**/security/**",
          "**/*password*",
          "**/*secret*",
          "**/*token*",
        ]),
        complex_patterns: globs(["**/core/**", "**/architect*", "**/concurrent*"]),
      })
      .prefault({}),
    routing: z
      .looseObject({
        security: routingList(["openai_pro:codex-5.2", "copilot:codex-5.2"]),
        complex: routingList(["claude_max:opus-4.5", "copilot:opus-4.5", "antigravity:opus-4.5"]),
        routine: routingList(["quota_lowest", "copilot:sonnet-4", "antigravity:gemini-3-pro"]),
      })
      .prefault({}),
  })
  .prefault({});

const sourceKeys = {
  enabled: flag(true),
  /** How the source is reached, where there is more than one way. */
  access_method: z.enum(["api", "cli", "coding_agent"]).optional(),
  binary: z.string().min(1).max(1_000).optional(),
  endpoint: url.optional(),
  headers: headers.optional(),
};
const modelIds = (ids: string[]) => z.array(text).max(200).default(ids);

const premiumSources = z
  .looseObject({
    openai_pro: z
      .looseObject({
        ...sourceKeys,
        api_key_env: variableName.default("OPENAI_API_KEY"),
        models: modelIds(["gpt-5.2", "codex-5.2", "gpt-4o"]),
      })
      .prefault({}),
    claude_max: z
      .looseObject({
        ...sourceKeys,
        api_key_env: variableName.default("ANTHROPIC_API_KEY"),
        models: modelIds(["claude-opus-4-5-20250514", "claude-sonnet-4-20250514"]),
      })
      .prefault({}),
    copilot: z
      .looseObject({
        ...sourceKeys,
        access_method: z.enum(["cli", "coding_agent"]).default("coding_agent"),
        models: modelIds(["claude-opus-4-5", "codex-5.2", "claude-sonnet-4"]),
      })
      .prefault({}),
    antigravity: z
      .looseObject({
        ...sourceKeys,
        /** `api`: a Gemini API key instead of Antigravity's own program. */
        access_method: z.enum(["cli", "api"]).default("cli"),
        /** Counts only in the user's own file. */
        terms_accepted: flag(false),
        api_key_env: variableName.default("GEMINI_API_KEY"),
        models: modelIds(["claude-opus-4-5", "gemini-3-pro"]),
      })
      .prefault({}),
  })
  .prefault({});

/** A window's fraction, 0 to 1. */
const share = z.number().min(0).max(1);

const quota = z
  .looseObject({
    /** `user`: one state for all repositories of this user, beside the user's own state files. */
    scope: z.enum(["repository", "user"]).default("repository"),
    /** Ask sources for what they have left when a reading is too old to decide on. */
    probe: flag(true),
    /** Full at: by window, `5h`, `weekly`, `monthly` or another; the shipped ones are 0.98, 0.95, 0.95. */
    hard_limits: z.record(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), share).default({}),
    /** Kept free per source for the user's own use: reviews stop at its limit less this. */
    reserve: z.record(z.string().regex(/^[a-z0-9_]{1,64}$/), share).default({}),
  })
  .prefault({});

const local = z
  .looseObject({
    enabled: flag(true),
    primary_model: model("GLM-4.7-Flash-UD-Q4_K_XL"),
    /** The same for what does not fit `context_default`; without it, a listed model named like the first one with `-large`. */
    primary_model_large: text.optional(),
    primary_endpoint: url.default("http://localhost:8080"),
    /** Tokens. */
    context_default: z.int().min(1_024).max(10_000_000).default(65_536),
    /** Tokens. */
    context_max: z.int().min(1_024).max(10_000_000).default(131_072),
    prefilter_enabled: flag(true),
    prefilter_model: model("qwen2.5-coder:7b-instruct-q8_0"),
    prefilter_endpoint: url.default("http://localhost:11434"),
    api_key_env: variableName.optional(),
    headers: headers.optional(),
    /** Default: those of the primary endpoint when both are one server, else none. */
    prefilter_api_key_env: variableName.optional(),
    prefilter_headers: headers.optional(),
  })
  .prefault({});

/** A routing name's model ids by source, best first: `{ "opus-4.5": { "copilot": ["claude-opus-4-5"] } }`. */
const models = z.record(text, z.record(text, z.union([text, z.array(text).max(50)]))).default({});

export const configSchema = z.looseObject({
  $schema: z.string().optional(),
  schema_version: z.int().min(1).max(2, { message: "1 or 2 (a newer one needs a newer Sluice)" }).default(2),
  interview,
  plan,
  work,
  review,
  premium_sources: premiumSources,
  local,
  memory: z.looseObject({ enabled: flag(true) }).prefault({}),
  /** What follows counts only in the user's own file. */
  flow: z
    .looseObject({
      /** Absolute path of flowctl; `false` for Sluice's own writer. Default: where flow-next keeps it. */
      flowctl: z.union([z.literal(false), z.string().min(1).max(4_000)]).optional(),
    })
    .prefault({}),
  quota,
  models,
  /** Absolute paths of repositories that a caller may name as `repo`, beyond the one it works in. */
  repositories: z.array(z.string().min(1).max(4_000)).max(1_000).default([]),
  /** SHA-256 of findings that are no secrets, in hex. */
  secrets: z
    .looseObject({
      allow: z.array(z.string().regex(/^[0-9a-f]{64}$/, { message: "a SHA-256 in hex" })).default([]),
    })
    .prefault({}),
});

/** A command of the user's, or of a trusted repository's, for a gate. */
export interface GateCommand {
  command: string;
  /** Relative to the repository's top; null for the top itself. */
  cwd: string | null;
  timeout_s: number | null;
}

type Parsed = z.output<typeof configSchema>;

/** The configuration in effect: what is in it may be used as it is. */
export interface Config extends Parsed {
  review: Parsed["review"] & {
    gates: Parsed["review"]["gates"] & {
      /** Commands that the repository asks for and nobody trusted yet: to be shown as skipped, never run. */
      not_trusted_commands: Record<string, GateCommand>;
    };
  };
}

/** The keys that only the user's own file may set, as dotted paths. */
export const userOnlyKeys = [
  "flow.flowctl",
  "quota",
  "models",
  "repositories",
  "secrets",
  "premium_sources.antigravity.terms_accepted",
  "work.implement.allow_unsandboxed",
];

/** flow-next's own keys inside sections that Sluice has too. */
export const flowKeys: Readonly<Record<string, readonly string[]>> = { review: ["backend", "maxIterations"] };
