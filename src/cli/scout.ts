import { UsageError } from "../errors.js";
import type { ScoutResult } from "../plan/scouts/findings.js";
import { type ScoutName, scoutNames } from "../plan/scouts/scout.js";
import { printable, printableJson, printableLine } from "../printable.js";
import type { AddCommand, CommandContext } from "./command-line.js";
import { duration } from "./duration.js";

export const scoutCommand: AddCommand = (program, context) => {
  const { sluice, terminal, signal, exit } = context;
  program
    .command("scout")
    .description("What the repository, its docs, dependencies, epics, memory and issues say about a feature.")
    .argument("<words...>", `scouts (default all: ${scoutNames.join(", ")}), then the feature in quotes`)
    .option("--repo <path>", "a folder of the repository", ".")
    .option("--paths <glob...>", "look only at files that match")
    .option("--refresh", "look anew, whatever is kept")
    .option("--premium", "let scouts whose backend is premium ask a premium model, once each")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      '\nsluice scout "rate limiting per API key"\nsluice scout repo docs "rate limiting per API key"\nThe feature may be the id of a spec or task. Exit code: 0, or 3 when no scout could say anything.',
    )
    .action(async (words: string[], options: ScoutOptions) => {
      const { scouts, feature } = understand(words);
      const { openProject } = await import("../flow/project.js");
      const { featureText } = await import("../plan/scouts/feature.js");
      const { runScouts } = await import("../plan/scouts/run.js");
      const { digestOf } = await import("../plan/scouts/digest.js");
      // A person who types a path means it.
      const opened = { ...sluice, roots: async () => [options.repo] };
      const project = await openProject(opened, options.repo, signal);
      const text = await featureText(project, opened, feature, signal);
      const run = await terminal.during("scouting", (onProgress) =>
        runScouts(project, opened, {
          ...options,
          scouts,
          feature: text,
          about: text === feature ? null : feature.trim(),
          signal,
          onProgress,
        }),
      );
      if (options.json) terminal.print(printableJson({ ...run, digest: digestOf(run).text }));
      else {
        terminal.print(printable(digestOf(run).text));
        showStates(run.scouts, run.notes, context);
      }
      const said = run.scouts.some(({ findings }) => findings.length > 0);
      exit(said || run.scouts.every(({ state }) => state !== "failed") ? 0 : 3);
    });
};

interface ScoutOptions {
  repo: string;
  paths?: string[];
  refresh?: boolean;
  premium?: boolean;
  json?: boolean;
}

/** Scouts first, then the feature: in one argument, or its words as they come. */
export function understand(words: readonly string[]): { scouts: ScoutName[] | undefined; feature: string } {
  const names: ScoutName[] = [];
  const known = new Map<string, ScoutName>([
    ...scoutNames.map((name) => [name, name] as const),
    ["spec", "epic"],
  ]);
  for (const word of words) {
    const name = known.get(word);
    if (name === undefined || names.length === words.length - 1) break;
    names.push(name);
  }
  const feature = words.slice(names.length).join(" ");
  if (known.has(feature) && words.length > 1) {
    throw new UsageError(
      "What is to be built is missing.",
      `Say it in quotes after the scouts: sluice scout ${words.join(" ")} "…"`,
    );
  }
  return { scouts: names.length === 0 ? undefined : names, feature };
}

function showStates(
  scouts: readonly ScoutResult[],
  notes: readonly string[],
  { terminal }: CommandContext,
): void {
  const { print, note, colours } = terminal;
  print("");
  for (const { name, state, cached, age_s, model, findings, dropped, why } of scouts) {
    const paint = state === "failed" ? colours.red : state === "off" ? colours.dim : colours.green;
    const parts = [
      state === "off" || state === "failed"
        ? null
        : `${findings.length} finding${findings.length === 1 ? "" : "s"}`,
      model === null ? null : `by ${model}`,
      cached && age_s !== null ? `kept, ${duration(age_s * 1000)} old` : null,
      dropped > 0 ? `${dropped} claims left out: they name what is not there, or rest on nothing` : null,
      why,
    ].filter((part) => part !== null);
    print(`${paint(state.padEnd(10))}${name.padEnd(10)}${printableLine(parts.join("; "))}`);
  }
  for (const one of notes) note(`${colours.yellow("note")}: ${printableLine(one)}`);
}
