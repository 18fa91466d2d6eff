import { changeArguments } from "../src/change/arguments.js";
import { defineTool, reads } from "../src/mcp/define-tool.js";
import { fingerprintArguments, fingerprintOutput } from "../src/review/fingerprint-schema.js";

export default defineTool({
  name: "fingerprint_check",
  group: "review",
  title: "Was it reviewed before?",
  description:
    "Was this very change reviewed before, in the same surroundings? `skip` repeats that verdict and says what to do instead of a review.",
  input: { ...changeArguments, ...fingerprintArguments },
  output: fingerprintOutput,
  hints: reads,
  async run(args, { sluice, signal }) {
    const { openRequestedChange } = await import("../src/review/requested-change.js");
    const { checkFingerprint } = await import("../src/review/fingerprint-check.js");
    const { change, store, config } = await openRequestedChange(sluice, args, signal);
    const { refresh, reason } = args;
    const { alone } = await import("../src/review/evidence.js");
    return alone.fingerprint({ change, sluice, store }, () =>
      checkFingerprint(change, sluice, { store, config, refresh, reason, signal }),
    );
  },
});
