import type { Sluice } from "../sluice.js";
import { openAgy } from "./antigravity/agy.js";
import { openGemini } from "./antigravity/gemini.js";
import type { PremiumSource, SourceSettings } from "./source.js";

/** Antigravity by its own program, or Gemini by an API key. */
export function open(
  sluice: Sluice,
  access: PremiumSource["access"],
  settings: SourceSettings,
): PremiumSource {
  return access === "api" ? openGemini(sluice, settings) : openAgy(sluice, settings);
}
