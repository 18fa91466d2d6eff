import { afterAll, expect, it } from "vitest";
import { secretsIn } from "../../src/analyzers/secrets/outgoing.js";
import { endWorkers, workerIds } from "../../src/analyzers/warm/workers.js";

// Put together here, so that this file holds none.
const github = `ghp_${"a8Zk3Lm9Qw2Er5Ty7Ui0Op1As4Df6Gh8Jk2L"}`;
const slack = `https://hooks.slack.com/services/${"T02AB3CDE/B04FG5HIJ"}/${"k8Lm2Nq4Rs6Tu8Vw0Xy2Za4B"}`;
const key = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7";
const begin = ["-----BEGIN", "PRIVATE", "KEY-----"].join(" ");

const context = { sluice: { env: process.env }, signal: new AbortController().signal };
const found = (path: string, text: string) => secretsIn([{ path, text }], context);

afterAll(() => endWorkers());

it.each([
  ["in a test", "test/a.test.ts", `const t = "${github}";`],
  ["in documentation", "docs/a.md", github],
  [
    "with a comment that allows it",
    "a.ts",
    `const t = "${github}"; // gitleaks:allow secretlint-disable-line`,
  ],
  ["after a comment that switches secretlint off", "a.ts", `// secretlint-disable\nconst u = "${slack}";\n`],
  ["at the end of a very long line", "a.min.js", `${"x = 1; ".repeat(150_000)}"${github}"`],
  ["in a key whose lines are joined in JSON", "a.json", `{"k": "${begin}\\n${key}\\n"}`],
  ["with line ends of Windows", "a.pem", `${begin}\r\n${key}\r\n`],
  ["in a line that is no UTF-8", "a.txt", Buffer.from(`\xff\xfe ${github}`, "latin1").toString("utf8")],
])("is found %s", async (_, path, text) => {
  const secrets = await found(path, text);
  expect(secrets).toHaveLength(1);
  expect(secrets[0]?.masked).not.toMatch(/a8Zk3Lm9|k8Lm2Nq4|MIIEvQ/);
});

it("stops everything when there are more than the answer holds", async () => {
  const line = `${"x".repeat(1_900)} "${github}"\n`;
  await expect(found("a.ts", line.repeat(400))).rejects.toThrow("could not be searched");
});

it("stops everything when the process that searches ends", async () => {
  await found("a.ts", "warm");
  const search = found("a.ts", "x = 1;\n".repeat(300_000));
  for (const id of workerIds()) process.kill(id, "SIGKILL");
  await expect(search).rejects.toThrow();
});
