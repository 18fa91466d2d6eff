import { refuseSecrets } from "../../analyzers/secrets/refuse.js";
import { type Surroundings, surroundings } from "../../change/surroundings.js";
import { countTokens } from "../../change/tokens.js";
import { answerJsonSchema, isBlocking, type ReadAnswer } from "../../premium/answer.js";
import { type Attempt, type Conversation, exchange } from "../../premium/exchange.js";
import type { openSource } from "../../premium/open-source.js";
import { type PremiumVerdict, verdictIn, type WithoutVerdict } from "../../premium/verdict.js";
import { classesOf } from "../../problem-class.js";
import { recordEvent } from "../../state/metrics.js";
import { recordVerdict, type VerdictRecord } from "../../state/review-state.js";
import type { StateStore } from "../../state/store.js";
import type { ContextSize } from "../context.js";
import { aboutChange } from "../evidence.js";
import { verdictRecord } from "../record-verdict.js";
import { type Route, reviewerChoices, routeOf } from "../route.js";
import type { Known } from "../step.js";
import { type Composed, compose, type ManifestEntry, manifestKey } from "./compose.js";
import { continuation, earlierReview, priorOf } from "./earlier.js";
import { gatherMaterial, type Material } from "./material.js";
import { changeAdvice, outgoingTexts } from "./outgoing.js";

export type PremiumReview =
  | PremiumVerdict<VerdictRecord>
  | WithoutVerdict
  /** Nobody could be asked, or nobody answered. */
  | { kind: "unanswered"; route: Route; attempts: Attempt[] };

export interface PremiumReviewOptions {
  /** Called right before something is sent to a source. */
  onSend?: (() => void) | undefined;
  /** Called when what was sent failed, before anybody else is asked. */
  onFail?: (() => void) | undefined;
  open?: typeof openSource | undefined;
}

/**
 * Has a premium model review a change that nothing free stands against: everything a reviewer needs in one message, one
 * answer, one verdict, remembered as Sluice's own. With an earlier verdict of ours the reviewer is told what was asked
 * then and what changed since, and where it pays its session is continued.
 *
 * @throws UsageError when a secret would leave the machine
 */
export async function premiumReview(
  known: Known,
  options: PremiumReviewOptions = {},
): Promise<PremiumReview> {
  const { change, sluice, store, config, signal, onProgress } = known;
  known.surroundings ??= await surroundings(change, { sluice, signal });
  const around = known.surroundings;
  const asked = known.classification?.class ?? "SECURITY";
  const material = await gatherMaterial(change, around, signal);
  const earlier = await earlierReview(change, sluice, store);
  const open = (known.prescreen?.findings ?? []).map(({ file, line, severity, message }) => ({
    file,
    line,
    severity,
    message,
  }));
  const prior = earlier === null ? null : priorOf(earlier, change);
  const common = { change, class: asked, material, open, prior };
  const whole = await compose({ ...common, known: null });
  const texts = await outgoingTexts({ change, material, around: whole.around }, signal);
  await refuseSecrets(texts, { config, sluice, signal, advice: changeAdvice });
  const again =
    earlier === null
      ? null
      : await continuation(earlier, store, (shown) => compose({ ...common, known: shown }));
  const { choices, problems } = reviewerChoices(config, asked);
  const size = await sizeOf(whole, material);
  const outcome = await exchange(sluice, {
    store,
    config,
    choices,
    tokens: size.tokens,
    context: known.route?.context.tokens,
    whole,
    again,
    schema: { name: "review", json: answerJsonSchema },
    doing: "is reviewing",
    about: aboutChange(change),
    signal,
    onProgress,
    ...options,
  });
  if (outcome.answer === null) {
    const { selection, attempts } = outcome;
    const route = routeOf(change, { context: around, class: asked }, { selection, problems, size });
    return { kind: "unanswered", route, attempts };
  }
  const { answer, model, source, reserved, attempts, continued, tokens } = outcome;
  const said = await verdictIn(outcome, earlier?.findings ?? [], { store, sluice });
  if (said.kind === "no-verdict") return said;
  const { read, blockers, remarks } = said;
  const { verdict, summary } = read;
  const who = { source, model };
  const session: Conversation | null =
    answer.session === null
      ? null
      : { source: who.source, access: reserved.status.access ?? "api", model: who.model, id: answer.session };
  const sent = continued && again !== null ? again.message : whole;
  const record = await recordVerdict(store, sluice, {
    ...(await verdictRecord(
      change,
      sluice,
      { ...who, verdict, attested_by: "sluice", blockers, task: change.task },
      {},
    )),
    ...(session === null ? {} : { session: { ...session } }),
    manifest: await keepManifest(store, sent.manifest, around),
    ...(change.partial ? { partial: true } : {}),
  });
  await recordEvent(store, sluice, {
    kind: "verdict",
    about: aboutChange(change),
    verdict,
    by: "sluice",
    ...who,
    blockers: classesOf(blockersOf(read)),
    prescreen: known.prescreen?.verdict ?? null,
  });
  return { kind: "verdict", verdict, blockers, remarks, summary, ...who, tokens, attempts, record };
}

/** What a verdict rests on that a reviewer found now; what was open before was counted then. */
function blockersOf({ findings, summary }: ReadAnswer): string[] {
  const blocking = findings.filter(({ severity }) => isBlocking(severity));
  if (blocking.length === 0 && findings.length === 0) return [summary];
  return blocking.map(({ problem, suggestion }) => `${problem}\n${suggestion}`);
}

/** What is sent, counted: the pieces by themselves, as they were counted, and all that is around them. */
async function sizeOf({ instructions, around }: Composed, { parts }: Material): Promise<ContextSize> {
  const [diff, ...files] = parts;
  const diffTokens = diff?.tokens ?? 0;
  return {
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, await countTokens(instructions + around)),
    diff_tokens: diffTokens,
    files: files.flatMap(({ path, role, tokens }) =>
      path === null || role === "diff" || role === "spec" ? [] : [{ path, role, tokens }],
    ),
    estimated: false,
  };
}

async function keepManifest(
  store: StateStore,
  manifest: readonly ManifestEntry[],
  around: Pick<Surroundings, "fingerprint">,
): Promise<string> {
  const key = manifestKey(around.fingerprint, manifest);
  await store.cache("reviews").set(key, manifest);
  return key;
}
