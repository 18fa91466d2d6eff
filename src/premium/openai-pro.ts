import type { OpenSource } from "./open-source.js";
import { openApi } from "./openai-pro/api.js";
import { openCodex } from "./openai-pro/codex.js";

/** OpenAI: by API key, or by Codex CLI on the user's ChatGPT subscription. */
export const open: OpenSource = (sluice, access, settings) =>
  access === "api" || settings.program === null
    ? openApi(sluice, settings)
    : openCodex(sluice, access, settings, settings.program);
