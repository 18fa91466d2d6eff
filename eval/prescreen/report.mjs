// What the records say, as data and for a person.
import { wilson } from "./statistics.mjs";

export function summarise(head, mutants, commits, names) {
  const rate = (ones) => {
    const decided = ones.filter(({ state }) => state !== "failed");
    const caught = decided.filter((one) => one.caught);
    const { low, high } = wilson(caught.length, decided.length);
    return {
      n: decided.length,
      caught: caught.length,
      named_rightly: caught.filter((one) => one.class_matches).length,
      rate: decided.length === 0 ? null : caught.length / decided.length,
      low,
      high,
      by_engine: Object.fromEntries(
        names.map((name) => [name, decided.filter((one) => one.caught_by.includes(name)).length]),
      ),
      not_decided: ones.length - decided.length,
    };
  };
  const languages = [...new Set(mutants.map(({ language }) => language))].sort();
  // Where an engine did not come to its end, silence says nothing.
  const decided = commits.filter(
    ({ state, findings }) => state === "ok" || (state === "partial" && findings.length > 0),
  );
  const alarms = decided.filter(({ findings }) => findings.length > 0);
  return {
    ...head,
    classes: Object.fromEntries(
      head.classes.map((name) => {
        const ones = mutants.filter((one) => one.class === name);
        const each = languages.map((language) => [
          language,
          rate(ones.filter((one) => one.language === language)),
        ]);
        const variants = [...new Set(ones.map(({ variant }) => variant))].sort();
        return [
          name,
          {
            ...rate(ones),
            by_language: Object.fromEntries(each.filter(([, { n }]) => n > 0)),
            by_variant: Object.fromEntries(
              variants.map((variant) => [variant, rate(ones.filter((one) => one.variant === variant))]),
            ),
          },
        ];
      }),
    ),
    missed: mutants.filter(({ caught, state }) => !caught && state !== "failed"),
    trouble: [...mutants, ...commits].filter(({ state }) => state !== "ok"),
    false_alarms: {
      commits: decided.length,
      with_finding: alarms.length,
      rate: decided.length === 0 ? null : alarms.length / decided.length,
      ...wilson(alarms.length, decided.length),
      list: alarms.map(({ id, parent, findings, only_warm }) => ({
        commit: id,
        parent,
        findings,
        only_warm,
      })),
      not_decided: commits.length - decided.length,
    },
  };
}

export function markdown(summary, names) {
  const { versions, false_alarms: alarms } = summary;
  const used = names.filter((name) =>
    Object.values(summary.classes).some(({ by_engine }) => by_engine[name] > 0),
  );
  const rows = Object.entries(summary.classes).flatMap(([name, whole]) => {
    const languages = Object.entries(whole.by_language);
    if (whole.n === 0) {
      return [row(name, summary.complete ? "no place for it found" : "none yet", whole, used)];
    }
    return [
      row(name, languages.length === 1 ? languages[0][0] : "all", whole, used),
      ...(languages.length > 1 ? languages.map(([language, one]) => row("", language, one, used)) : []),
    ];
  });
  return `# Pre-screen on ${summary.name}

Repository at \`${summary.head}\`; N at most ${summary.n} per class, seed ${summary.seed}; the newest ${summary.commits} commits
that touch source. sluice ${versions.sluice} (${summary.commit?.slice(0, 12) ?? "no commit"}, analysis ${versions.analysis}), Node ${versions.node},
typescript ${versions.typescript}, oxlint ${versions.oxlint}, pyright ${versions.pyright}, ruff ${versions.ruff}, secretlint ${versions.secretlint}.${summary.complete ? "" : "\n\n**Not complete: the run was stopped, and --resume goes on.**"}

## Mistakes caught

A commit's own change, uncommitted, with one mistake added to it. Caught: a certain or likely finding that is new
against base (the commit alone has none). Named rightly: one of them is of the mistake's class. The columns of the
engines count what each would have caught alone.

| class | language | N | caught | rate | 95 % (Wilson) | named rightly |${used.map((name) => ` ${name} |`).join("")}
| --- | --- | --- | --- | --- | --- | --- |${used.map(() => " --- |").join("")}
${rows.join("\n")}

By the way it was made: ${Object.entries(summary.classes)
    .filter(([, { n }]) => n > 0)
    .map(
      ([name, { by_variant: by }]) =>
        `${name}: ${Object.entries(by)
          .map(([variant, { n, caught }]) => `${variant} ${caught}/${n}`)
          .join(", ")}`,
    )
    .join("; ")}.

## Missed

${summary.missed.map(missed).join("\n") || "None."}

## False alarms

${alarms.commits} commits as they are, parent to commit: ${alarms.with_finding} with a certain or likely finding (${percent(alarms.rate)}, 95 %: ${percent(alarms.low)} to ${percent(alarms.high)})${alarms.not_decided > 0 ? `; ${alarms.not_decided} not decided` : ""}. Each is for a person to judge: it may be a true mistake that the
project made.

${alarms.list.map(alarm).join("\n") || "None."}

## Trouble

${
  summary.trouble
    .map(
      ({ id, state, error, engines }) =>
        `- ${id}: ${state} ${quoted(
          error ??
            (engines ?? [])
              .filter((one) => one.state !== "ok" && one.state !== "skipped")
              .map((one) => `${one.name} ${one.state} ${one.note ?? ""}`)
              .join("; "),
        )}`,
    )
    .join("\n") || "None: every analysis ran to its end."
}
`;
}

function row(name, language, one, used) {
  const { n, caught, rate, low, high, named_rightly: right, by_engine: by, not_decided: open } = one;
  const interval = n === 0 ? "" : `${percent(low)} to ${percent(high)}`;
  const count = open > 0 ? `${n} (${open} not decided)` : n;
  return `| ${name} | ${language} | ${count} | ${caught} | ${percent(rate)} | ${interval} | ${right} |${used.map((engine) => ` ${by[engine]} |`).join("")}`;
}

function percent(fraction) {
  return fraction === null ? "" : `${(fraction * 100).toFixed(fraction === 1 || fraction === 0 ? 0 : 1)} %`;
}

function missed({ id, variant, language, commit, file, line, note, before, after, hints, state }) {
  const said = hints.length > 0 ? `; hints: ${hints.map((one) => one.class).join(", ")}` : "";
  return `- ${id} (${language}, ${variant}${state === "ok" ? "" : `, ${state}`}), ${commit.slice(0, 12)} \`${file}:${line}\`: ${quoted(note)}${said}
  - before: ${quoted(before.join(" ⏎ "))}
  - after: ${quoted(after.join(" ⏎ "))}`;
}

function alarm({ commit, findings, only_warm: warm = [] }) {
  return findings
    .map(
      (one) =>
        `- ${commit.slice(0, 12)} \`${one.file}:${one.line}\` ${one.severity} ${one.class} (${one.source})${warm.includes(`${one.class} ${one.file}:${one.line}`) ? ", **not said by a new process**" : ""}: ${quoted(one.message)}\n  - ${quoted(one.evidence)}`,
    )
    .join("\n");
}

/** As code that no text of a repository gets out of. */
function quoted(text) {
  const fence = "`".repeat(Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length)) + 1);
  const space = /^`|`$/.test(text) ? " " : "";
  return text === "" ? "(nothing)" : `${fence}${space}${text.replace(/\s+/g, " ")}${space}${fence}`;
}
