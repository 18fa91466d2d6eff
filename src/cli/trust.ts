import { openRepository } from "../change/repository.js";
import { loadConfiguration, loadUserConfiguration } from "../config/load.js";
import { readTrust, sensitiveHash, writeTrust } from "../config/trust.js";
import { UsageError } from "../errors.js";
import { findGates } from "../gates/find.js";
import { printable } from "../printable.js";
import { readRepositoryConfiguration } from "../state/repository-configuration.js";
import type { AddCommand, CommandContext } from "./command-line.js";

export const trustCommand: AddCommand = (program, context) => {
  program
    .command("trust")
    .description(
      "Show what this repository would have Sluice run, then allow it. For a person, not an agent.",
    )
    .argument("[path]", "a folder of the repository", ".")
    .option("--yes", "allow it without asking")
    .option("--revoke", "allow nothing of this repository any more")
    .addHelpText(
      "after",
      "\nWhat is allowed is remembered with a hash of it in your own configuration folder. When a script or a\nsetting changes, it is skipped until you run this again.",
    )
    .action(async (path: string, options: { yes?: boolean; revoke?: boolean }) => {
      await trustRepository(context, path, options);
    });
};

/**
 * Shows what a repository wants to run or loosen and, if a person agrees, stores the hashes of just that.
 * Gives whether it is trusted now.
 */
export async function trustRepository(
  { sluice, terminal, signal, exit }: CommandContext,
  path: string,
  options: { yes?: boolean; revoke?: boolean },
): Promise<void> {
  const { colours, print } = terminal;
  const { config: user } = await loadUserConfiguration(sluice);
  const repository = await openRepository({ ...sluice, roots: async () => [] }, path, {
    allowed: [path, ...user.repositories],
    signal,
  });
  if (options.revoke) {
    const at = new Date(sluice.clock()).toISOString();
    await writeTrust(sluice, repository.commonDir, { config_hash: null, commands: {}, at });
    print(`Nothing of ${printable(repository.root)} is trusted any more.`);
    return;
  }
  const text = await readRepositoryConfiguration(sluice, repository);
  const before = await readTrust(sluice, repository.commonDir);
  const loaded = await loadConfiguration(sluice, text, before);
  const asIfTrusted = await loadConfiguration(sluice, text, {
    config_hash: text === null ? null : sensitiveHash(text.text),
    commands: {},
    at: new Date(sluice.clock()).toISOString(),
  });
  const plans = (await findGates(repository, asIfTrusted.config, before)).filter(
    ({ unfit }) => unfit === null,
  );
  if (plans.length === 0 && loaded.not_trusted.length === 0) {
    print(
      "There is nothing to trust: no lint, build or typecheck command was found, and no setting needs it.",
    );
    print(`Name commands in .flow/config.json under review.gates.commands, or see: sluice doctor`);
    return;
  }
  print(colours.bold(`In ${printable(repository.root)} Sluice would`));
  for (const plan of plans) {
    print(
      `\n  run ${colours.cyan(printable(plan.command))}  ${colours.dim(`${plan.name}, from ${printable(plan.source)}${plan.trusted ? ", trusted already" : ""}`)}`,
    );
    for (const line of plan.runs) print(colours.dim(`      ${printable(line)}`));
  }
  for (const item of loaded.not_trusted) {
    print(
      `\n  use ${colours.cyan(printable(item.key))} = ${printable(JSON.stringify(item.value))}  ${colours.dim(printable(item.why))}`,
    );
  }
  print(
    "\nSuch a command runs the project's own code, with your rights, in an environment without API keys.",
  );
  const agreed = options.yes ? true : await terminal.confirm("Allow it?");
  if (agreed === null) {
    throw new UsageError(
      "Nobody is at the terminal to agree.",
      "Run `sluice trust` in a terminal, or `sluice trust --yes` when you have read the list above.",
    );
  }
  if (!agreed) {
    print("Nothing was changed. What is not trusted is skipped; everything else works.");
    exit(1);
    return;
  }
  await writeTrust(sluice, repository.commonDir, {
    config_hash: text === null ? null : sensitiveHash(text.text),
    commands: Object.fromEntries(plans.map((plan) => [plan.command, plan.scripts_hash])),
    at: new Date(sluice.clock()).toISOString(),
  });
  print(colours.green("Trusted."));
}
