// The local model as the pre-screen asks it, on the changes that the analyzers were tried on.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Milliseconds. A user's card may be slow; a measurement waits for it. */
const limits = { call: 600_000, all: 1_800_000 };

/**
 * Opens the model of the user's configuration, or the one that is named. Throws an Error when it can't be asked.
 * The pre-filter is left out: the model is what is measured.
 */
export async function openModel(root, { endpoint, model }) {
  const load = (name) => import(pathToFileURL(join(root, "dist/src", name)).href);
  const [
    { createSluice },
    { openChange },
    { loadUserConfiguration },
    local,
    { modelScreen },
    { likelyFrom },
  ] = await Promise.all(
    [
      "sluice.js",
      "change/change.js",
      "config/load.js",
      "local/local.js",
      "review/model-screen/model-screen.js",
      "review/model-screen/check.js",
    ].map(load),
  );
  const env = {
    ...process.env,
    LOCAL_ENABLED: "1",
    PREFILTER_ENABLED: "0",
    ...(endpoint === undefined ? {} : { LOCAL_ENDPOINT: endpoint }),
    ...(model === undefined ? {} : { LOCAL_MODEL: model }),
  };
  const sluice = createSluice({ env, log: () => {} });
  const { config } = await loadUserConfiguration(sluice);
  const tier = local.openLocal(config, sluice);
  const { primary } = await tier.state(AbortSignal.timeout(60_000));
  if (!primary?.up || primary.model === null) {
    await local.closeLocal();
    const { message = "it can't be reached", hint = "" } = primary?.problem ?? {};
    throw new Error(`the local model: ${message} ${hint}`);
  }
  const kept = new Map();
  const cache = {
    get: async (key) => kept.get(key) ?? null,
    set: async (key, value) => void kept.set(key, value),
  };

  /** Asks about a change of a clone; never throws for what the model does. */
  async function examine(clone, ends, analysed) {
    const started = performance.now();
    const took = () => Math.round(performance.now() - started);
    const signal = AbortSignal.timeout(limits.all);
    try {
      const own = createSluice({ cwd: clone.folder, env: clone.env, log: () => {} });
      const change = await openChange(own, ends, { signal });
      const found = [...analysed.findings, ...analysed.hints];
      const options = { config, store: { cache: () => cache }, signal, found, tier, limits };
      const { findings, engines, confidence } = await modelScreen(change, sluice, options);
      const [{ state, note }] = engines;
      const claims = findings.map(({ id, class: name, file, line, message, evidence }) => ({
        class: name,
        file,
        line,
        confidence: confidence.get(id) ?? 0,
        message: message.slice(0, 300),
        evidence: evidence.slice(0, 200),
      }));
      return { state, ms: took(), note, claims };
    } catch (error) {
      return { state: "failed", ms: took(), note: String(error?.message ?? error).slice(0, 300), claims: [] };
    }
  }
  return {
    name: primary.model,
    head: { model: primary.model, server: primary.server, screen: hashOf(root), likely_from: likelyFrom },
    examine,
    close: local.closeLocal,
  };
}

/** What the model is asked, and what is made of its answers: results of another version are other results. */
function hashOf(root) {
  const hash = createHash("sha256");
  const folder = join(root, "dist/src/review/model-screen");
  const code = readdirSync(folder).filter((name) => name.endsWith(".js"));
  const prompts = readdirSync(join(root, "prompts")).filter((name) => /^(?:prescreen|local)-/.test(name));
  for (const name of code.sort()) hash.update(readFileSync(join(folder, name)));
  for (const name of prompts.sort()) hash.update(readFileSync(join(root, "prompts", name)));
  return hash.digest("hex").slice(0, 12);
}
