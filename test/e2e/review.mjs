// The review that both clients are led through, and what their models must have been sent of it.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { phaseTools } from "./phases.mjs";
import { manyMistakes, planted, plantedSecret } from "./project.mjs";

/** Characters of a result, by contract: what is longer goes to a file. */
const contractLimit = 9_000;

const blocker = { file: "src/cart.ts", line: 9, message: "formatPrise is not defined" };

/** One tool call a turn; `id` names it in the checks. */
export const reviewSteps = [
  { id: "prescreen", tool: "prescreen_diff" },
  { id: "fingerprint", tool: "fingerprint_check" },
  { id: "classify", tool: "classify_change" },
  { id: "route", tool: "route_review" },
  {
    id: "verdict",
    tool: "record_verdict",
    input: { verdict: "NEEDS_WORK", attested_by: "agent", blockers: [blocker] },
  },
  { id: "fingerprint again", tool: "fingerprint_check" },
  {
    id: "usage",
    tool: "record_usage",
    input: { source: "claude_max", input_tokens: 1_000, output_tokens: 200 },
  },
  { id: "quota", tool: "quota_status" },
  { id: "bad ref", tool: "classify_change", input: { base: "no-such-branch" } },
  { id: "unknown argument", tool: "classify_change", input: { bse: "main" } },
  { id: "large", tool: "prescreen_diff", input: { base: "main", head: "many" } },
  { id: "pipeline", tool: "review_change", input: { until: "prescreen" } },
];

export const toolNames = [...new Set([...reviewSteps.map((step) => step.tool), "run_gates"])];

/** `resultOf(id)` gives `{ text }`, what the model was sent as the result of a step. */
export async function checkReview({ check, server, resultOf, project }) {
  const json = (id) => JSON.parse(resultOf(id).text);

  await check("no tool of the server is left out of this run and of the phases", () => {
    const used = [...toolNames, ...phaseTools];
    assert.deepEqual(
      server.tools.map((tool) => tool.name).filter((name) => !used.includes(name)),
      [],
    );
  });

  await check("prescreen_diff: the verdict first, then every planted mistake by file and line", () => {
    const sent = json("prescreen");
    assert.equal(Object.keys(sent)[0], "verdict");
    assert.equal(sent.verdict, "issues");
    for (const mistake of planted) {
      const found = sent.findings.some(
        (finding) => finding.file === mistake.file && finding.line === mistake.line,
      );
      assert.ok(found, `${mistake.file}:${mistake.line} is not among ${JSON.stringify(sent.findings)}`);
    }
    assert.ok(
      sent.findings.some((finding) => finding.file === "src/publish.ts" && finding.class === "secret"),
      JSON.stringify(sent.findings),
    );
  });

  await check("a variable of the client's configuration reaches the server", () => {
    assert.equal(json("prescreen").max_iterations, 7);
  });

  await check("no result carries the planted secret", () => {
    for (const { id } of reviewSteps) assert.ok(!resultOf(id).text.includes(plantedSecret), id);
  });

  await check(
    "fingerprint_check says review, never_reviewed; once a verdict is recorded, skip and by whom",
    () => {
      const before = json("fingerprint");
      assert.equal(before.decision, "review");
      assert.equal(before.reason, "never_reviewed");
      assert.match(before.fingerprint, /^[0-9a-f]{64}$/);
      const after = json("fingerprint again");
      assert.equal(after.fingerprint, before.fingerprint);
      assert.equal(after.decision, "skip");
      assert.equal(after.reason, "unchanged_since_needs_work");
      assert.equal(after.previous.verdict, "NEEDS_WORK");
      assert.equal(after.previous.attested_by, "agent");
    },
  );

  await check("classify_change: a class with its evidence", () => {
    const sent = json("classify");
    assert.equal(Object.keys(sent)[0], "class");
    assert.match(sent.class, /^(SECURITY|COMPLEX|ROUTINE)$/);
    assert.ok(sent.reasons.length > 0);
  });

  await check("route_review: a decision, why no source was taken, and the size of the context", () => {
    const sent = json("route");
    assert.equal(Object.keys(sent)[0], "decision");
    assert.match(sent.decision, /^(none_configured|all_exhausted)$/);
    assert.ok(sent.candidates.every((one) => one.eligible === false && one.why));
    assert.ok(sent.context.tokens > 0);
  });

  await check("quota_status: what nobody has read is null, not a number", () => {
    for (const source of json("quota").sources) {
      for (const window of source.windows)
        assert.ok(window.used === null || window.provenance, source.source);
    }
  });

  await check("review_change: stops at the planted mistakes, without a premium call", () => {
    const sent = json("pipeline");
    assert.equal(Object.keys(sent)[0], "verdict");
    assert.equal(sent.verdict, "NEEDS_WORK");
    assert.equal(sent.decided_by, "prescreen");
    assert.equal(sent.premium ?? null, null);
  });

  await check("a wrong ref and a misspelt argument: the answer names them and says what to do", () => {
    assert.match(resultOf("bad ref").text, /no-such-branch/);
    assert.match(resultOf("unknown argument").text, /`bse`.*Did you mean `base`/s);
    for (const id of ["bad ref", "unknown argument"]) assert.match(resultOf(id).text, /hint\b/i, id);
  });

  await check(
    `${manyMistakes} findings come as one whole result under the limit, and all of them in a file`,
    () => {
      const sent = json("large");
      const { length } = resultOf("large").text;
      assert.ok(length <= contractLimit, `${length} characters`);
      assert.ok(length > contractLimit / 3, `only ${length} characters: the limit was not tried`);
      assert.equal(sent.verdict, "issues");
      assert.ok(sent.full_result, `no full_result in ${JSON.stringify(sent).slice(0, 1_500)}`);
      const whole = readFileSync(resolve(project, sent.full_result), "utf8");
      assert.ok(whole.includes(`someNameThatNobodyEverDefined${manyMistakes - 1}`));
    },
  );

  await check("nothing of the repository's ran", () => {
    assert.ok(!existsSync(join(project, "gate-ran")), "an untrusted lint script was run");
  });
}
