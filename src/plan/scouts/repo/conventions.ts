import { posix } from "node:path";
import { stem, wordsOf } from "../../../change/relevance.js";
import { isObject, type JsonObject, parseJson } from "../../../config/json.js";
import type { Ground } from "../ground.js";
import { type Fact, quoted } from "../scout.js";

const section = "Project Conventions";

/** Where projects say how they want to be worked on, the most binding first. */
const guides = [
  "CLAUDE.md",
  "AGENTS.md",
  ".github/copilot-instructions.md",
  ".cursorrules",
  "GEMINI.md",
  "CONTRIBUTING.md",
  "CONTRIBUTING.rst",
  ".github/CONTRIBUTING.md",
  "docs/CONTRIBUTING.md",
  "ARCHITECTURE.md",
  "docs/architecture.md",
];
const mostGuides = 3;
const guideExcerpt = 1_500;

/** What checks or shapes the code, by the files that configure it. */
const tools: readonly [RegExp, string][] = [
  [/^(?:eslint\.config\.\w+|\.eslintrc(?:\.\w+)?)$/, "ESLint"],
  [/^biome\.jsonc?$/, "Biome"],
  [/^\.?prettier(?:rc.*|\.config\.\w+)$/, "Prettier"],
  [/^\.?oxlintrc\.json$/, "oxlint"],
  [/^tsconfig\.json$/, "TypeScript"],
  [/^(?:\.?ruff\.toml)$/, "Ruff"],
  [/^(?:\.flake8|\.pylintrc)$/, "flake8/pylint"],
  [/^mypy\.ini$/, "mypy"],
  [/^\.pre-commit-config\.ya?ml$/, "pre-commit"],
  [/^\.golangci\.ya?ml$/, "golangci-lint"],
  [/^\.?rustfmt\.toml$/, "rustfmt"],
  [/^\.rubocop\.yml$/, "RuboCop"],
  [/^phpstan\.neon(?:\.dist)?$/, "PHPStan"],
  [/^\.editorconfig$/, "EditorConfig"],
  [/^tox\.ini$/, "tox"],
  [/^Makefile$/, "make"],
  [/^\.changeset$/, "changesets"],
];

/** How the project is laid out, checked, written about and committed to. */
export async function conventions(ground: Ground): Promise<Fact[]> {
  return [
    ...(await guideFacts(ground)),
    layout(ground),
    ...(await commands(ground)),
    ...subjects(ground),
    ...recent(ground),
  ].filter((fact) => fact !== null);
}

async function guideFacts(ground: Ground): Promise<Fact[]> {
  const words = new Set(ground.feature.words.map(stem));
  const facts: Fact[] = [];
  for (const path of guides) {
    const text = facts.length < mostGuides && ground.has(path) ? await ground.read(path) : null;
    if (text === null || text.trim().length < 40) continue;
    const sections = sectionsOf(text);
    // The sections that speak of the feature, then the first ones.
    const ranked = sections
      .map((one, at) => ({ ...one, score: shared(`${one.title} ${one.body}`, words) - at / 1_000 }))
      .sort((one, other) => other.score - one.score);
    const titles = ranked.slice(0, 4).map(({ title }) => quoted(title, 50));
    facts.push({
      section,
      text: `Read ${path} first: how the project wants to be worked on (${titles.join(", ")})`,
      files: [path],
      source: path,
      excerpt: ranked
        .slice(0, 3)
        .map(({ title, body }) => `${title}\n${body}`)
        .join("\n\n")
        .slice(0, guideExcerpt),
    });
  }
  return facts;
}

function sectionsOf(text: string): { title: string; body: string }[] {
  const found: { title: string; body: string }[] = [];
  for (const line of text.slice(0, 60_000).split("\n")) {
    const title = /^#{1,4}\s+(.+?)\s*#*$/.exec(line)?.[1];
    if (title !== undefined) found.push({ title, body: "" });
    else {
      const last = found.at(-1);
      if (last === undefined) found.push({ title: line.trim() || "(no heading)", body: "" });
      else if (last.body.length < 1_200) last.body += `${line}\n`;
    }
  }
  return found.filter(({ body }) => body.trim() !== "");
}

function shared(text: string, words: ReadonlySet<string>): number {
  return new Set(
    wordsOf(text)
      .map(stem)
      .filter((word) => words.has(word)),
  ).size;
}

/** The top of the tree, and what checks it. */
function layout({ survey }: Ground): Fact | null {
  const folders = new Map<string, { count: number; extensions: Map<string, number> }>();
  const top: string[] = [];
  for (const { path } of survey.files) {
    const slash = path.indexOf("/");
    if (slash < 0) top.push(path);
    const name = slash < 0 ? "" : path.slice(0, slash);
    const folder = folders.get(name) ?? { count: 0, extensions: new Map<string, number>() };
    folders.set(name, folder);
    folder.count += 1;
    const extension = posix.extname(path);
    if (extension !== "") folder.extensions.set(extension, (folder.extensions.get(extension) ?? 0) + 1);
  }
  if (survey.files.length === 0) return null;
  const biggest = [...folders]
    .filter(([name]) => name !== "")
    .sort((one, other) => other[1].count - one[1].count);
  const shown = biggest.slice(0, 7).map(([name, { count, extensions }]) => {
    const [main] = [...extensions].sort((one, other) => other[1] - one[1])[0] ?? [];
    return `${name}/ ${count}${main === undefined ? "" : ` (${main})`}`;
  });
  const names = new Set([...top, ...folders.keys()]);
  const checked = tools
    .filter(([pattern]) => [...names].some((name) => pattern.test(name)))
    .map(([, tool]) => tool);
  return {
    section,
    text: `${survey.files.length} files: ${shown.join(", ")}${checked.length === 0 ? "" : `. Configured: ${checked.join(", ")}`}`.slice(
      0,
      300,
    ),
    source: "file tree",
  };
}

const manifestScripts =
  /^(?:test|lint|build|check|type-?check|format|verify|ci|tsc|docs)(?::(?:types?|unit|all|ci))?$/;

/** What the manifests at the top say is run. */
async function commands(ground: Ground): Promise<Fact[]> {
  const facts: Fact[] = [];
  const manifest = await json(ground, "package.json");
  const scripts = manifest !== null && isObject(manifest.scripts) ? manifest.scripts : {};
  const shown = Object.entries(scripts).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && manifestScripts.test(entry[0]),
  );
  if (shown.length > 0) {
    facts.push({
      section,
      text: `package.json scripts: ${shown
        .slice(0, 8)
        .map(([name, command]) => `${name} = ${quoted(command, 60)}`)
        .join("; ")}`.slice(0, 500),
      files: ["package.json"],
      source: "package.json",
    });
  }
  const python = await ground.read("pyproject.toml");
  if (python !== null) {
    const used = [...python.matchAll(/^\[tool\.([\w-]+)/gm)].map(([, name]) => name ?? "");
    const distinct = [...new Set(used)].slice(0, 10);
    if (distinct.length > 0)
      facts.push({
        section,
        text: `pyproject.toml configures ${distinct.join(", ")}`,
        files: ["pyproject.toml"],
        source: "pyproject.toml",
      });
  }
  return facts;
}

async function json(ground: Ground, path: string): Promise<JsonObject | null> {
  const text = await ground.read(path);
  if (text === null) return null;
  const parsed = await parseJson(text, 1024 * 1024);
  return parsed.ok && isObject(parsed.value) ? parsed.value : null;
}

const newest = 30;

/** How commits are written. */
function subjects({ survey }: Ground): Fact[] {
  const commits = survey.commits.slice(0, newest);
  const conventional = commits.filter(({ subject }) => /^[a-z]+(?:\([^)]*\))?!?: \S/.test(subject));
  const [example] = conventional;
  if (commits.length < 5 || conventional.length < commits.length * 0.6 || example === undefined) return [];
  const scoped = conventional.filter(({ subject }) => subject.includes("("));
  return [
    {
      section,
      text: `Commits are written ${scoped.length * 2 > conventional.length ? "`type(scope): what`" : "`type: what`"} (${conventional.length} of the last ${commits.length}), as ${quoted(example.subject, 80)}`,
      source: `last ${commits.length} commits`,
    },
  ];
}

/** Where work goes on. */
function recent({ survey, relevant }: Ground): Fact[] {
  const commits = survey.commits.slice(0, newest);
  if (commits.length === 0) return [];
  const areas = new Map<string, number>();
  for (const { files } of commits)
    for (const area of new Set(files.map(areaOf))) areas.set(area, (areas.get(area) ?? 0) + 1);
  const busiest = [...areas].sort((one, other) => other[1] - one[1]).slice(0, 5);
  const known = new Set(relevant.slice(0, 20).map(({ path }) => areaOf(path)));
  const oldest = commits.at(-1)?.at.slice(0, 10) ?? "";
  const last = commits.length === 1 ? "last commit" : `last ${commits.length} commits`;
  return [
    {
      section,
      text: `The ${last} (since ${oldest}) went to ${busiest
        .map(([area, count]) => `${area} (${count}${known.has(area) ? ", about this feature" : ""})`)
        .join(", ")}`,
      source: last,
      excerpt: commits
        .map(({ id, at, subject }) => `${id.slice(0, 9)} ${at.slice(0, 10)} ${subject}`)
        .join("\n"),
    },
  ];
}

function areaOf(path: string): string {
  const parts = path.split("/");
  return parts.length === 1 ? path : `${parts.slice(0, Math.min(2, parts.length - 1)).join("/")}/`;
}
