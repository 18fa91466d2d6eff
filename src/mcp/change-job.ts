import type { ChangeArguments } from "../change/arguments.js";
import type { RequestedChange } from "../review/requested-change.js";
import { type Call, reachOf } from "./define-tool.js";

export interface ChangeJob extends RequestedChange {
  key: string;
  stale(signal: AbortSignal): Promise<boolean>;
}

/** Long work on a change: two calls are about the same when they see the same trees in the same work tree, for the same task and spec. */
export async function openChangeJob(args: ChangeArguments, call: Call): Promise<ChangeJob> {
  const { openRequestedChange } = await import("../review/requested-change.js");
  const { staleness } = await import("../change/change.js");
  const { sha256 } = await import("../change/fingerprint.js");
  const requested = await openRequestedChange(call.sluice, args, call.signal, reachOf(call.hints));
  const { repository, base, head, specification } = requested.change;
  return {
    ...requested,
    key: JSON.stringify([repository.root, base.tree, head.tree, sha256(JSON.stringify(specification ?? []))]),
    stale: (signal) => staleness(requested.change, call.sluice, signal),
  };
}
