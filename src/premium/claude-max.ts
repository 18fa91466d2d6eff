import { identityOf } from "./identity.js";
import type { OpenSource } from "./open-source.js";

const name = "claude_max";

/**
 * Claude, over a Claude subscription's own program (`cli`: Claude Code) or over Anthropic's Messages API with a key
 * (`api`). Either is loaded when it is called.
 */
export const open: OpenSource = (sluice, access, settings) =>
  access === "api"
    ? {
        name,
        access,
        async probe(options) {
          const { probeApi } = await import("./claude-max/api.js");
          return probeApi(sluice, settings, options);
        },
        identity: () => identityOf(["api", settings.endpoint, settings.key]),
        async review(request) {
          const { reviewByApi } = await import("./claude-max/api.js");
          return reviewByApi(sluice, settings, request);
        },
      }
    : {
        name,
        access,
        async probe(options) {
          const { probeProgram } = await import("./claude-max/probe.js");
          return probeProgram(sluice, settings, options);
        },
        async identity() {
          const { signInOf } = await import("./claude-max/program.js");
          const { values, files } = signInOf(sluice, settings);
          return identityOf(["claude", ...values], files);
        },
        async review(request) {
          const { reviewByProgram } = await import("./claude-max/cli.js");
          return reviewByProgram(sluice, settings, request);
        },
      };
