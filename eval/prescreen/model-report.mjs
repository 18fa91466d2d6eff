// What a local model adds: analyzers alone, the model alone, and both, on the same cases.
import { wilson } from "./statistics.mjs";

/** Lines between a planted mistake and what is said of it. */
const slack = 2;
const thresholds = [0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95];
/** A finding that blocks must be right more often than this, and be said of no more commits than that. */
const wanted = { precision: 0.8, commits: 0.05 };

export function summariseModel({ with_model: head, classes }, mutants, commits) {
  const asked = mutants.filter(({ model }) => model?.state === "ok");
  const clean = commits.filter(({ model }) => model?.state === "ok");
  const at = head.likely_from;
  const row = (ones) => {
    const by = (test) => rate(ones.filter(test).length, ones.length);
    return {
      n: ones.length,
      analyzers: by((one) => one.caught),
      model: by((one) => isHit(one, at)),
      both: by((one) => one.caught || isHit(one, at)),
      model_and_hints: by((one) => isHit(one, 0)),
    };
  };
  const rows = thresholds.map((threshold) => {
    const hits = asked.filter((one) => isHit(one, threshold)).length;
    const elsewhere = new Set(asked.flatMap((one) => aside(one, threshold)));
    const alarmed = clean.filter(({ model }) =>
      model.claims.some(({ confidence }) => confidence >= threshold),
    );
    return {
      threshold,
      recall: rate(hits, asked.length),
      precision: rate(hits, hits + elsewhere.size),
      commits: rate(alarmed.length, clean.length),
    };
  });
  const good = rows.find(
    ({ precision, commits: alarmed, recall }) =>
      recall.count > 0 && precision.rate >= wanted.precision && (alarmed.rate ?? 0) <= wanted.commits,
  );
  return {
    ...head,
    classes: Object.fromEntries(
      classes.map((name) => [name, row(asked.filter((one) => one.class === name))]),
    ),
    all: row(asked),
    thresholds: rows,
    advised: good?.threshold ?? null,
    not_decided: mutants.length - asked.length + commits.length - clean.length,
  };
}

/** Is something of this confidence or more said of the place where the mistake was made? */
function isHit({ file, line, model }, threshold) {
  return model.claims.some(
    (one) => one.confidence >= threshold && one.file === file && isNear(one.line, line),
  );
}

/** What is said of other places of the same change: each place once, however many mistakes were made beside it. */
function aside({ file, line, commit, model }, threshold) {
  return model.claims
    .filter((one) => one.confidence >= threshold && !(one.file === file && isNear(one.line, line)))
    .map((one) => `${commit} ${one.file} ${one.evidence}`);
}

function isNear(line, other) {
  return Math.abs(line - other) <= slack;
}

function rate(count, n) {
  return { count, n, rate: n === 0 ? null : count / n, ...wilson(count, n) };
}

export function modelMarkdown(summary) {
  const { model, server, classes, all, likely_from: at, advised } = summary;
  const line = (name, { n, ...rates }) =>
    `| ${name} | ${n} | ${["analyzers", "model", "both", "model_and_hints"].map((key) => share(rates[key])).join(" | ")} |`;
  const rows = Object.entries(classes).filter(([, { n }]) => n > 0);
  const advice =
    advised === null
      ? "No confidence makes this model right often enough to block: keep its findings hints."
      : `The lowest confidence at which it is right in ${percent(wanted.precision)} and speaks of at most ${percent(wanted.commits)} of the commits: **${advised}** (in use: ${at}).`;
  return `
## With a local model

${model} (${server}), the pre-screen's own prompts and checks (${summary.screen}), without the pre-filter. Caught by the model: it says
something of a place at most ${slack} lines from the mistake, in the file, at a confidence of ${at} or more, the line from which a
finding blocks; the last column counts hints too. ${summary.not_decided > 0 ? `${summary.not_decided} not decided.` : ""}

| class | N | analyzers alone | model alone | both | model with hints |
| --- | --- | --- | --- | --- | --- |
${[...rows.map(([name, one]) => line(name, one)), line("**all**", all)].join("\n")}

Precision counts what is said of other places of the changes with a mistake as wrong; it may be right about the project.
Some mistakes of logic make no difference to what the program does; nothing finds those.

| confidence from | recall | precision | commits as they are with a finding |
| --- | --- | --- | --- |
${summary.thresholds.map((one) => `| ${one.threshold} | ${share(one.recall)} | ${share(one.precision)} | ${share(one.commits)} |`).join("\n")}

${advice}
`;
}

function share({ count, n, rate: fraction, low, high }) {
  if (fraction === null) return "none";
  return `${count}/${n} (${percent(fraction)}; ${percent(low)} to ${percent(high)})`;
}

function percent(fraction) {
  return `${Math.round(fraction * 100)} %`;
}
