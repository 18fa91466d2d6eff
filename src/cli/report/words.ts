import type { Savings } from "../../premium/savings/savings.js";

/** Figures as a person reads them: the same words in the terminal and on the page. */

type Rate = Savings["catch_rate"];

export const targetNames: Readonly<Record<Savings["targets"][number]["name"], string>> = {
  week_of_quota_days: "a week of quota lasts",
  premium_calls_per_task: "premium calls per task",
  catch_rate: "sent back by a free stage",
};

/** How far a target is reached. */
export function reachedText(name: Savings["targets"][number]["name"], savings: Savings): string {
  return {
    week_of_quota_days: daysText(savings.quota.pooled),
    premium_calls_per_task: perTaskText(savings.premium_calls_per_task),
    catch_rate: percentText(savings.catch_rate),
  }[name];
}

export const endNames: Readonly<Record<string, string>> = {
  gates: "gates",
  prescreen: "pre-screen",
  fingerprint: "fingerprint",
  premium: "premium model",
  reviewer: "left to a reviewer",
};

/** What a stage saved, by its name. */
export const savedNames: Readonly<Record<string, string>> = {
  ...endNames,
  reanchor: "re-anchoring",
  scouts: "scouts, kept",
};

/** What was not done because of it: 1 premium call, or 2 to 3 readings. */
export function notDone(stage: string, low: number, high: number): string {
  const what = stage === "reanchor" || stage === "scouts" ? "reading" : "premium call";
  return `${low === high ? high : `${low} to ${high}`} ${what}${high === 1 ? "" : "s"}`;
}

/** What a tool did: 12 done, 9 from the cache, 1 failed. */
export function workText({ done, cached, failed }: Savings["work"][number]): string {
  return [
    `${done} done`,
    ...(cached === 0 ? [] : [`${cached} from the cache`]),
    ...(failed === 0 ? [] : [`${failed} failed`]),
  ].join(", ");
}

/** What a source was asked for: 3 answered, 1 failed, 12k tokens. */
export function callsText({ answered, failed, tokens }: Savings["premium"]["by_source"][number]): string {
  return `${answered} answered, ${failed} failed, ${amount(tokens)} tokens`;
}

export function percentText(rate: Rate): string {
  const share = (value: number | null) => `${Math.round((value ?? 0) * 100)}`;
  if (rate.of === 0) return "nothing yet";
  const counted = `${rate.count} of ${rate.of}`;
  if (!rate.enough) return `not enough yet (${counted})`;
  return `${share(rate.value)} % (${share(rate.low)}–${share(rate.high)} %; ${counted})`;
}

export function perTaskText(rate: Rate): string {
  if (rate.of === 0) return "nothing yet";
  const counted = `${rate.count} in ${rate.of} ${rate.of === 1 ? "task" : "tasks"}`;
  if (!rate.enough) return `not enough yet (${counted})`;
  return `${figure(rate.value)} (${figure(rate.low)}–${figure(rate.high)}; ${counted})`;
}

export function daysText({ days, low, high, why }: Savings["quota"]["pooled"]): string {
  if (days === null) return why;
  const between = low === null || high === null || low === high ? "" : ` (${figure(low)}–${figure(high)})`;
  return `${figure(days)} days${between}`;
}

export function tokensText(low: number | null, high: number | null): string {
  if (low === null || high === null) return "not known yet";
  return low === high ? amount(low) : `${amount(low)} to ${amount(high)}`;
}

export function amount(tokens: number): string {
  if (tokens < 1_000) return String(tokens);
  if (tokens < 1_000_000) return `${figure(tokens / 1_000)}k`;
  return `${figure(tokens / 1_000_000)}M`;
}

export function figure(value: number | null): string {
  if (value === null) return "–";
  if (value >= 100) return String(Math.round(value));
  return String(Number(value.toFixed(value >= 10 ? 1 : 2)));
}
