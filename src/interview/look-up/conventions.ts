import type { Look, LookedUp } from "./look-up.js";

const licences: readonly (readonly [RegExp, string])[] = [
  [/Apache License\s+Version 2\.0/i, "Apache-2.0"],
  [/Permission is hereby granted, free of charge/i, "MIT"],
  [/Mozilla Public License,? version 2\.0/i, "MPL-2.0"],
  [/GNU AFFERO GENERAL PUBLIC LICENSE/i, "AGPL-3.0"],
  [/GNU LESSER GENERAL PUBLIC LICENSE/i, "LGPL"],
  [/GNU GENERAL PUBLIC LICENSE\s+Version 3/i, "GPL-3.0"],
  [/GNU GENERAL PUBLIC LICENSE\s+Version 2/i, "GPL-2.0"],
  [/Redistribution and use in source and binary forms[\s\S]*Neither the name/i, "BSD-3-Clause"],
  [/Redistribution and use in source and binary forms/i, "BSD-2-Clause"],
  [/Permission to use, copy, modify, and\/or distribute/i, "ISC"],
  [/This is free and unencumbered software/i, "Unlicense"],
];

/** What a repository says of itself outside of its manifests: licence, CI, containers, rules for contributors. */
export async function conventions(look: Look): Promise<LookedUp[]> {
  const { survey } = look;
  const found: LookedUp[] = [];
  const add = (topic: string, question: string, answer: string, source: string, names: string[] = []) => {
    found.push({ topic, question, answer, source, names });
  };
  const top = survey.files.map(({ path }) => path).filter((path) => !path.includes("/"));
  const licence = top.find((path) => /^(?:licen[cs]e|copying|unlicense)(?:[.-][\w-]+)?$/i.test(path));
  if (licence !== undefined) {
    const text = (await look.read(licence)) ?? "";
    const name = licences.find(([pattern]) => pattern.test(text))?.[1];
    if (name !== undefined) add("licence", "Which licence is it under?", name, licence, [name]);
  }
  const workflows = survey.files
    .map(({ path }) => path)
    .filter((path) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(path));
  const [workflow] = workflows;
  const ci: readonly (readonly [string, string])[] = [
    [".gitlab-ci.yml", "GitLab CI"],
    [".circleci/config.yml", "CircleCI"],
    ["Jenkinsfile", "Jenkins"],
    ["azure-pipelines.yml", "Azure Pipelines"],
    [".travis.yml", "Travis CI"],
    ["bitbucket-pipelines.yml", "Bitbucket Pipelines"],
  ];
  const other = ci.find(([path]) => look.has(path));
  if (workflow !== undefined) {
    add(
      "ci",
      "Where do the checks run?",
      `GitHub Actions (${workflows
        .slice(0, 4)
        .map((path) => path.slice(".github/workflows/".length))
        .join(", ")})`,
      workflow,
      ["GitHub Actions"],
    );
  } else if (other !== undefined) add("ci", "Where do the checks run?", other[1], other[0], [other[1]]);
  const container = top.find((path) =>
    /^(?:Dockerfile|compose\.ya?ml|docker-compose\.ya?ml|Containerfile)$/.test(path),
  );
  if (container !== undefined) add("container", "Is it run in containers?", `yes: ${container}`, container);
  const rules = [
    "CLAUDE.md",
    "AGENTS.md",
    "CONTRIBUTING.md",
    ".github/CONTRIBUTING.md",
    "docs/CONTRIBUTING.md",
    ".cursorrules",
  ].filter((path) => look.has(path));
  const [rule] = rules;
  if (rule !== undefined)
    add("rules", "Where are the rules for contributors?", rules.join(", "), rule, rules);
  const lint = (
    [
      ["biome", /^biome\.jsonc?$/],
      ["eslint", /^(?:\.eslintrc(?:\.\w+)?|eslint\.config\.\w+)$/],
      ["prettier", /^(?:\.prettierrc(?:\.\w+)?|prettier\.config\.\w+)$/],
      ["ruff", /^\.?ruff\.toml$/],
      ["flake8", /^\.flake8$/],
      ["golangci-lint", /^\.golangci\.ya?ml$/],
      ["rubocop", /^\.rubocop\.yml$/],
      ["rustfmt", /^\.?rustfmt\.toml$/],
      ["clang-format", /^\.clang-format$/],
      ["checkstyle", /^checkstyle\.xml$/],
    ] as const
  ).flatMap(([name, pattern]) => top.filter((path) => pattern.test(path)).map((path) => ({ name, path })));
  const [linter] = lint;
  if (linter !== undefined)
    add(
      "lint",
      "What checks and formats the code?",
      lint.map(({ name }) => name).join(", "),
      linter.path,
      lint.map(({ name }) => name),
    );
  return found;
}
