import { describe, expect, it } from "vitest";
import { loadUserConfiguration } from "../../src/config/load.js";
import { routingChoices } from "../../src/premium/candidates.js";
import { modelCalled, resolveModel } from "../../src/premium/catalog.js";
import { createSluice } from "../../src/sluice.js";

const { config } = await loadUserConfiguration(createSluice({ env: { HOME: "/nonexistent" } }));
const pairs = (list: string[], asked: "SECURITY" | "COMPLEX" | "ROUTINE", settings = config) =>
  routingChoices(settings, list, asked).choices.map(({ candidates }) =>
    candidates.map(({ source, model }) => `${source}:${model?.id ?? "-"}`),
  );

describe("what a routing name means at a source", () => {
  it.each([
    ["claude_max", "opus-4.5", "claude-opus-4-5-20250514"],
    ["claude_max", "sonnet-4", "claude-sonnet-4-20250514"],
    ["copilot", "opus-4.5", "claude-opus-4-5"],
    ["copilot", "codex-5.2", "gpt-5.2-codex"],
    ["openai_pro", "codex-5.2", "gpt-5.2-codex"],
    ["openai_pro", "gpt-4o", "gpt-4o"],
    ["antigravity", "gemini-3-pro", "gemini-3-pro"],
    ["antigravity", "sonnet-4", undefined],
    ["openai_pro", "opus-4.5", undefined],
    ["openai_pro", "constructor", undefined],
  ])("%s, %s: %s", (source, name, id) => {
    expect(resolveModel(config, source, name)?.id).toBe(id);
  });

  it("is stood for by newer models of its line where a source has retired it, never by lesser ones", () => {
    expect(resolveModel(config, "openai_pro", "codex-5.2")?.also[0]).toBe("gpt-6.1-sol");
    expect(resolveModel(config, "claude_max", "opus-4.5")?.also).toContain("claude-opus-5-5");
    const all = {
      ...config,
      premium_sources: {
        ...config.premium_sources,
        claude_max: { ...config.premium_sources.claude_max, models: [] },
      },
    };
    expect(resolveModel(all, "claude_max", "opus-5")?.also).toEqual(["claude-opus-5-5"]);
    expect(resolveModel(all, "claude_max", "opus-5.5")?.also).toEqual([]);
    for (const name of ["opus-4.5", "opus-4.8", "sonnet-4", "haiku-4.5"]) {
      const line = name.split("-")[0] ?? "";
      expect(resolveModel(all, "claude_max", name)?.also.every((id) => id.includes(line))).toBe(true);
    }
  });

  it("means the user's own ids and no others", () => {
    const own = { ...config, models: { "codex-5.2": { openai_pro: ["mine", "mine-too"] } } };
    expect(resolveModel(own, "openai_pro", "codex-5.2")).toMatchObject({ id: "mine", also: ["mine-too"] });
  });

  it("is the user's to change, and ids that a source lists need no name", () => {
    const own = { ...config, models: { best: { claude_max: ["claude-opus-9"], copilot: "o9" } } };
    expect(resolveModel(own, "claude_max", "best")?.id).toBe("claude-opus-9");
    expect(resolveModel(own, "copilot", "best")?.id).toBe("o9");
    expect(resolveModel(own, "openai_pro", "best")).toBeNull();
    expect(resolveModel(config, "openai_pro", "gpt-5.2")?.id).toBe("gpt-5.2");
  });

  it("takes any model of a source that lists none", () => {
    const open = {
      ...config,
      premium_sources: {
        ...config.premium_sources,
        copilot: { ...config.premium_sources.copilot, models: [] },
      },
    };
    expect(resolveModel(open, "copilot", "opus-5.5")?.id).toBe("claude-opus-5-5");
    expect(resolveModel(config, "copilot", "opus-5.5")).toBeNull();
  });

  it("is smaller where the source allows less than the vendor", () => {
    expect(resolveModel(config, "copilot", "opus-4.5")?.context).toBe(128_000);
    expect(resolveModel(config, "claude_max", "opus-4.5")?.context).toBe(200_000);
  });

  it.each([
    ["claude_max", "claude-opus-4-5-20250514", "opus-4.5"],
    ["copilot", "claude-opus-4-5", "opus-4.5"],
    ["copilot", "claude-sonnet-4", "sonnet-4"],
  ])("is of the same pools and size under the source's own id: %s %s as %s", (source, id, name) => {
    const named = resolveModel(config, source, name);
    expect(named?.scopes).not.toEqual([]);
    expect(resolveModel(config, source, id)).toMatchObject({
      id,
      context: named?.context,
      scopes: named?.scopes,
    });
  });

  it("is of no pool that is known where nobody ships the id", () => {
    const open = { ...config.premium_sources.claude_max, models: ["brand-new"] };
    const own = { ...config, premium_sources: { ...config.premium_sources, claude_max: open } };
    expect(resolveModel(own, "claude_max", "brand-new")?.scopes).toEqual([]);
  });

  it("is found by the source's id too", () => {
    expect(modelCalled(config, "claude_max", "claude-opus-4-5-20250514")?.name).toBe("opus-4.5");
    expect(modelCalled(config, "claude_max", "nothing")).toBeNull();
  });
});

describe("routing lists", () => {
  it("keep their order", () => {
    expect(pairs(["openai_pro:codex-5.2", "copilot:codex-5.2"], "SECURITY")).toEqual([
      ["openai_pro:gpt-5.2-codex"],
      ["copilot:gpt-5.2-codex"],
    ]);
  });

  it("never lead a SECURITY change to a pair they don't name", () => {
    expect(pairs(["quota_lowest", "copilot:codex-5.2"], "SECURITY")).toEqual([
      ["copilot:gpt-5.2-codex"],
      ["copilot:gpt-5.2-codex"],
    ]);
    expect(pairs(["quota_lowest"], "SECURITY")).toEqual([[]]);
  });

  it("lead a COMPLEX change to every source that has a model they name", () => {
    expect(pairs(["quota_lowest", "claude_max:opus-4.5"], "COMPLEX")[0]).toEqual([
      "claude_max:claude-opus-4-5-20250514",
      "copilot:claude-opus-4-5",
      "antigravity:claude-opus-4-5",
    ]);
  });

  it("lead a ROUTINE change to each source's model of the list, else to its cheap one", () => {
    expect(pairs([...config.review.routing.routine], "ROUTINE")[0]).toEqual([
      "openai_pro:gpt-5.2",
      "claude_max:claude-sonnet-4-20250514",
      "copilot:claude-sonnet-4",
      "antigravity:gemini-3-pro",
    ]);
  });

  it.each([
    ["claude_max:opus-99", "no model is called opus-99; known are codex-5.2"],
    ["my_llm:opus-4.5", "no source is called my_llm; known are openai_pro, claude_max, copilot, antigravity"],
    ["nonsense", "neither `source:model` nor `quota_lowest`"],
  ])("say what is wrong with %s", (entry, message) => {
    const { choices, problems } = routingChoices(config, [entry, "claude_max:opus-4.5"], "COMPLEX");
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(message);
    expect(choices[0]?.candidates[0]?.model).toBeNull();
    expect(choices[1]?.candidates[0]?.model?.id).toBe("claude-opus-4-5-20250514");
  });
});
