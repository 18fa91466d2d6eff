import { dirname } from "node:path/posix";
import type { GatePlan } from "../../gates/find.js";

const testName = /^(?:unit|e2e|integration)?[-_:.]?(?:tests?|spec|vitest|jest|pytest)(?:$|[-_:.])/i;

/** Whether a check of the project's runs its tests. */
export function isTestCheck(name: string): boolean {
  return testName.test(name);
}

/** Flags that may stand in a command and mean the same for fewer files. */
const flags = "(?: -{1,2}[\\w.=-]+)*";
const runners =
  "(?:(?:npx |pnpm (?:exec )?|yarn |bunx )?(?:vitest(?: run)?|jest|mocha)|(?:(?:python3?|uv run|poetry run)(?: -m)? )?pytest|node --test)";
const direct = new RegExp(`^${runners}${flags}$`);
const byScript = /^(npm (?:test|t|run [\w:-]+)|pnpm (?:test|run [\w:-]+)|yarn (?:test|run [\w:-]+))$/;
const scriptText = new RegExp(`^package\\.json scripts\\.[\\w:-]+: ${runners}${flags}$`);

/**
 * A test command for some of the tests only, where it is certain how the runner is told; the command itself where it
 * is not.
 *
 * @param tests paths relative to the repository's top; none leaves the command as it is
 */
export function narrowed(
  { command, runs }: Pick<GatePlan, "command" | "runs">,
  tests: readonly string[],
): string {
  // A name that a runner would take for a flag or a pattern.
  const usual = tests.every((path) => /^[\w@][\w@./+-]*$/.test(path));
  if (tests.length === 0 || tests.length > 50 || !usual) return command;
  const files = tests.join(" ");
  if (direct.test(command)) return `${command} ${files}`;
  const scripts = runs.filter((line) => line.startsWith("package.json scripts."));
  if (byScript.test(command) && scripts.length === 1 && scriptText.test(scripts[0] ?? "")) {
    const separator = command.startsWith("npm ") ? " --" : "";
    return `${command}${separator} ${files}`;
  }
  if (/^go test(?: -[\w=.]+)* \.\/\.\.\.$/.test(command)) {
    const packages = [...new Set(tests.map((path) => `./${dirname(path)}`))];
    return command.replace("./...", packages.join(" "));
  }
  return command;
}
