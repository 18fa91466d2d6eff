import type { Config } from "../config/schema.js";
import { defaultLocalModel } from "../config/schema.js";

/**
 * The configuration with the local model that a section of `work` names in place of the primary one. Until somebody
 * names one there, the section's default stands for whatever is set up as primary.
 */
export function withLocalModel(config: Config, named: string): Config {
  if (named === defaultLocalModel || named === config.local.primary_model) return config;
  const { primary_model_large: _large, ...local } = config.local;
  return { ...config, local: { ...local, primary_model: named } };
}
