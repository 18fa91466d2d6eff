import { join } from "node:path";
import type { Survey } from "../../change/survey.js";
import { isTestPath, testsNamedAfter } from "../../change/tests-of.js";
import type { Repository } from "../../change/types.js";
import { readRegularFile } from "../../durable-file.js";
import { plain, type Statement } from "../statements.js";
import { epicStatements, type Task } from "../task.js";
import type { TaskFile } from "../task-files.js";

/** What a task asks for in tests, how they are run, and which there are. */
export interface TestNeed {
  kind: "requirement" | "command" | "existing";
  /** Word for word, a command, or a path. */
  text: string;
  /** Where it is from. */
  from: string;
}

const aboutTests =
  /\b(?:unit|integration|e2e|end-to-end|regression|snapshot|property)[- ]?tests?\b|\btests?\b|\btested\b|\bcoverage\b/i;
/** A line that says where, not what: `**Size:** S **Files:** src/cart.ts, tests/cart.test.ts`. */
const label = /^(?:size|files?|touches)\s*:/i;
const runner =
  /^(?:(?:npm|pnpm|yarn|bun|npx|bunx|deno|uv|poetry|python3?|pytest|tox|nox|go|cargo|make|just|mvn|\.\/mvnw|gradle|\.\/gradlew|bundle|rake|rspec|dotnet|phpunit|composer|ctest|mix|swift|zig|bats|vitest|jest)\b)/;
const most = { requirement: 8, command: 4, existing: 6 };

/** Test requirements of a task, from its spec, its epic's quick commands, and the tree. */
export async function testNeeds(
  repository: Repository,
  survey: Survey,
  task: Task,
  files: readonly TaskFile[],
): Promise<TestNeed[]> {
  const needs: TestNeed[] = [];
  const add = (kind: TestNeed["kind"], text: string, from: string) => {
    if (needs.some((one) => one.text === text)) return;
    if (needs.filter((one) => one.kind === kind).length < most[kind]) needs.push({ kind, text, from });
  };
  const place = ({ path, line }: Statement) => (path === null ? "the task" : `${path}:${line ?? 1}`);
  for (const statement of [...task.own, ...epicStatements(task)]) {
    const { kind, text } = statement;
    const asks = kind !== "title" && kind !== "code" && aboutTests.test(text);
    if (asks && !label.test(plain(text)) && commandIn(statement) !== plain(text))
      add("requirement", text, place(statement));
  }
  for (const statement of [...task.own, ...task.epic]) {
    const asked = statement.headings.some((heading) => /quick commands|tests?|verif|evidence/.test(heading));
    const command = commandIn(statement);
    if (command !== null && (asked || aboutTests.test(command))) add("command", command, place(statement));
  }
  if (!needs.some(({ kind }) => kind === "command")) {
    const found = await commandOfTree(repository, survey);
    if (found !== null) add("command", found.command, found.from);
  }
  const testsOf = testsNamedAfter(survey.files);
  for (const { path, state } of files) {
    if (state !== "exists") continue;
    if (isTestPath(path)) add("existing", path, "named for the task");
    for (const test of testsOf(path)) add("existing", test, `tests ${path}`);
  }
  return needs;
}

/** A command in backticks, or on a line of its own in a code block. */
function commandIn({ text, kind }: Statement): string | null {
  const said = kind === "code" ? text.replace(/^[$>]\s+/, "") : (/`([^`]{3,200})`/.exec(text)?.[1] ?? "");
  const command = said.trim();
  return runner.test(command) && !command.startsWith("#") ? command.slice(0, 200) : null;
}

/** What runs all tests, by the files that say so. */
async function commandOfTree(
  repository: Repository,
  survey: Survey,
): Promise<{ command: string; from: string } | null> {
  const paths = new Set(survey.files.map(({ path }) => path));
  if (paths.has("package.json") && !repository.bare) {
    const content = await readRegularFile(join(repository.root, "package.json"), 256 * 1024);
    if (content.state === "read" && /"test"\s*:/.test(content.text)) {
      const manager = paths.has("pnpm-lock.yaml")
        ? "pnpm"
        : paths.has("yarn.lock")
          ? "yarn"
          : paths.has("bun.lock") || paths.has("bun.lockb")
            ? "bun run"
            : "npm";
      return { command: `${manager} test`, from: "package.json" };
    }
  }
  const known: readonly [string, string][] = [
    ["go.mod", "go test ./..."],
    ["Cargo.toml", "cargo test"],
    ["pytest.ini", "pytest"],
    ["tox.ini", "tox"],
    ["pyproject.toml", "pytest"],
    ["pom.xml", "mvn test"],
    ["build.gradle", "gradle test"],
    ["Gemfile", "bundle exec rake test"],
    ["mix.exs", "mix test"],
  ];
  const found = known.find(([path]) => paths.has(path));
  return found === undefined ? null : { command: found[1], from: found[0] };
}
