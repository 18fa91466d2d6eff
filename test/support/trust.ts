import { openRepository } from "../../src/change/repository.js";
import { loadConfiguration } from "../../src/config/load.js";
import { sensitiveHash, writeTrust } from "../../src/config/trust.js";
import { findGates } from "../../src/gates/find.js";
import { readRepositoryConfiguration } from "../../src/state/repository-configuration.js";
import type { TestRepository } from "./repository.js";

/** What `sluice trust` keeps when a person agrees to everything that this repository asks for. */
export async function trustEverything(test: TestRepository): Promise<void> {
  const sluice = test.sluice();
  const repository = await openRepository(sluice, undefined);
  const text = await readRepositoryConfiguration(sluice, repository);
  const trust = {
    config_hash: text === null ? null : sensitiveHash(text.text),
    commands: {},
    at: "2026-01-01",
  };
  const { config } = await loadConfiguration(sluice, text, trust);
  const plans = await findGates(repository, config, null);
  const commands = Object.fromEntries(plans.map((plan) => [plan.command, plan.scripts_hash]));
  await writeTrust(sluice, repository.commonDir, { ...trust, commands });
}
