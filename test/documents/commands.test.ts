import { afterAll, describe, expect, it } from "vitest";
import { exceptions, fateOf } from "../support/documented-commands.js";
import { problemOf, removeScratch, runNode, sluice, subcommands } from "../support/documented-runs.js";
import {
  commandsOf,
  type DocumentedCommand,
  readDocument,
  readDocuments,
  root,
} from "../support/documents.js";

const commands = readDocuments().flatMap(commandsOf);
afterAll(removeScratch);

/** Subcommands that do nothing without an argument. */
const taking = new Set(["interview", "plan", "task", "work", "scout"]);

describe("commands in the documents", () => {
  it("are all known: run, looked up, or excepted for a reason", () => {
    const unknown = commands.filter(({ text }) => fateOf(text) === null);
    expect(unknown.map(({ place, text }) => `${place} ${text}`)).toEqual([]);
    const used = new Set(
      commands.map(({ text }) => fateOf(text)).map((fate) => fate?.kind === "excepted" && fate.by),
    );
    expect(exceptions.map(([begins]) => begins).filter((begins) => !used.has(begins))).toEqual([]);
  });

  it("are found in every way that a page gives them", () => {
    const page = [
      "Run `sluice",
      "status --json`, not `sluice/`.",
      "```sh",
      "npm ci && npm run nothing   # both",
      "sluice review \\",
      "  --until gates",
      "```",
      "```",
      'sluice plan "a # b"',
      "```",
    ];
    expect(commandsOf(readDocument("page.md", page.join("\n"))).map(({ text }) => text)).toEqual([
      "npm ci",
      "npm run nothing",
      "sluice review --until gates",
      'sluice plan "a # b"',
      "sluice status --json",
    ]);
    expect(fateOf("npm run nothing")).toEqual({ kind: "looked-up", problems: ["no npm script nothing"] });
    expect(fateOf("node bench/quota.mjs --no-such-thing")).toMatchObject({
      problems: [expect.stringContaining("--no-such-thing")],
    });
    expect(fateOf("make coffee")).toBeNull();
  });

  it("that call sluice do what they say, without a model, a source or a terminal", {
    timeout: 480_000,
  }, async () => {
    const blocks = new Map<string, DocumentedCommand[]>();
    for (const one of commands) blocks.set(one.block, [...(blocks.get(one.block) ?? []), one]);
    const wrong: string[] = [];
    const waiting = [...blocks.values()];
    const work = async () => {
      for (let block = waiting.shift(); block !== undefined; block = waiting.shift()) {
        for (const { place, text } of block) {
          const fate = fateOf(text);
          if (fate?.kind !== "sluice") continue;
          // In running text `sluice work` is a name, too.
          const named = block.length === 1 && fate.args.length === 1 && taking.has(fate.args[0] ?? "");
          const args = named ? [...fate.args, "--help"] : fate.args;
          const problem = problemOf(args, await sluice(args));
          if (problem !== null) wrong.push(`${place} ${text}: ${problem}`);
          const known = (await subcommands()).get(fate.args[0] ?? "");
          for (const option of fate.options) {
            if (known?.has(option) === false) wrong.push(`${place} ${text}: there is no ${option}`);
          }
        }
      }
    };
    await Promise.all([work(), work()]);
    expect(wrong).toEqual([]);
  });

  it("that call a quick script of ours succeed", async () => {
    const fates = new Set(
      commands.flatMap(({ text }) => {
        const fate = fateOf(text);
        return fate?.kind === "script" ? [fate.args.join(" ")] : [];
      }),
    );
    expect([...fates]).toEqual(["scripts/tool-budget.mjs"]);
    for (const args of fates) {
      expect(await runNode(args.split(" "), root, { PATH: process.env.PATH ?? "" })).toMatchObject({
        code: 0,
      });
    }
  });

  it("that are not run name scripts, files, options and packages that are there", () => {
    const wrong = commands.flatMap(({ place, text }) => {
      const fate = fateOf(text);
      return fate?.kind === "looked-up" ? fate.problems.map((problem) => `${place} ${text}: ${problem}`) : [];
    });
    expect(wrong).toEqual([]);
  });
});
