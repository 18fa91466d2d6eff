import { join } from "node:path";
import type { Survey } from "../change/survey.js";
import type { Repository } from "../change/types.js";
import { readRegularFile } from "../durable-file.js";

const manifestLimit = 512 * 1024;

/** How a project runs its tests, by what is written in it; null when nothing says. It is shown, never run here. */
export async function testCommandOf(repository: Repository, survey: Survey): Promise<string | null> {
  const top = new Set(survey.files.map(({ path }) => path).filter((path) => !path.includes("/")));
  if (top.has("package.json") && (await hasTestScript(repository.root))) {
    if (top.has("bun.lock") || top.has("bun.lockb")) return "bun run test";
    if (top.has("pnpm-lock.yaml")) return "pnpm test";
    return top.has("yarn.lock") ? "yarn test" : "npm test";
  }
  if (top.has("Cargo.toml")) return "cargo test";
  if (top.has("go.mod")) return "go test ./...";
  if (top.has("pom.xml")) return "mvn test";
  if (top.has("gradlew")) return "./gradlew test";
  if (top.has("tox.ini") && !top.has("pyproject.toml")) return "tox";
  const python = ["pyproject.toml", "setup.py", "setup.cfg", "pytest.ini"].some((name) => top.has(name));
  if (python && survey.files.some(({ path }) => /(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/.test(path)))
    return "pytest";
  if (top.has("Gemfile"))
    return survey.files.some(({ path }) => path.endsWith("_spec.rb"))
      ? "bundle exec rspec"
      : "bundle exec rake test";
  if (top.has("composer.json") && (top.has("phpunit.xml") || top.has("phpunit.xml.dist")))
    return "vendor/bin/phpunit";
  return null;
}

async function hasTestScript(root: string): Promise<boolean> {
  const file = await readRegularFile(join(root, "package.json"), manifestLimit);
  if (file.state !== "read") return false;
  try {
    const value: unknown = JSON.parse(file.text);
    const scripts = typeof value === "object" && value !== null && "scripts" in value ? value.scripts : null;
    const test = typeof scripts === "object" && scripts !== null && "test" in scripts ? scripts.test : null;
    // What npm init writes.
    return typeof test === "string" && test.trim() !== "" && !test.includes("no test specified");
  } catch {
    return false;
  }
}
