import { isObject, type JsonObject, parseJson } from "../../config/json.js";
import type { Look, LookedUp } from "./look-up.js";

/** A dependency as a manifest names it. */
interface Dependency {
  name: string;
  version: string;
  source: string;
}

const kinds: readonly (readonly [topic: string, question: string, names: RegExp])[] = [
  [
    "frameworks",
    "Which frameworks, in which versions?",
    /^(?:next|react|vue|nuxt|svelte|@sveltejs\/kit|@angular\/core|solid-js|astro|express|fastify|koa|hono|@nestjs\/core|@remix-run\/\w+|electron|react-native|expo|django|flask|fastapi|starlette|aiohttp|tornado|celery|gin|echo|fiber|chi|axum|actix-web|rocket|tokio|rails|sinatra|hanami|laravel\/framework|symfony\/(?:framework-bundle|symfony)|slim\/slim|spring-boot[\w-]*|quarkus[\w-]*|micronaut[\w-]*|phoenix|@modelcontextprotocol\/\w+)$/i,
  ],
  [
    "tests",
    "Which test framework?",
    /^(?:vitest|jest|mocha|ava|jasmine|@playwright\/test|playwright|cypress|pytest|nose2|tox|hypothesis|rspec|rspec-rails|minitest|phpunit\/phpunit|pestphp\/pest|junit[\w-]*|testify|ginkgo|proptest|rstest|exunit)$/i,
  ],
  [
    "storage",
    "Which database or store?",
    /^(?:pg|postgres|mysql2?|better-sqlite3|sqlite3|mongodb|mongoose|redis|ioredis|prisma|@prisma\/client|typeorm|drizzle-orm|knex|sequelize|kysely|sqlalchemy|psycopg2?(?:-binary)?|asyncpg|pymongo|peewee|tortoise-orm|gorm|pgx|sqlx|diesel|rusqlite|sea-orm|activerecord|doctrine\/orm|hibernate[\w-]*|ecto)$/i,
  ],
];

/** What manifests and lock files say. */
export async function manifests(look: Look): Promise<LookedUp[]> {
  const found: LookedUp[] = [];
  const add = (topic: string, question: string, answer: string, source: string, names: string[] = []) => {
    found.push({ topic, question, answer, source, names });
  };
  const text = await look.read("package.json");
  const manifest = text === null ? null : await objectOf(text);
  const dependencies = [
    ...(manifest === null ? [] : ofNode(manifest)),
    ...(await ofPython(look)),
    ...(await ofOthers(look)),
  ];
  for (const [topic, question, names] of kinds) {
    const those = dependencies.filter(({ name }) => names.test(name)).slice(0, 5);
    const [first] = those;
    if (first === undefined) continue;
    add(
      topic,
      question,
      those.map(({ name, version }) => `${name} ${version}`.trim()).join(", "),
      first.source,
      those.map(({ name }) => name),
    );
  }
  if (!found.some(({ topic }) => topic === "tests")) {
    const goTest = look.survey.files.find(({ path }) => path.endsWith("_test.go"));
    if (goTest !== undefined) add("tests", "Which test framework?", "go test", goTest.path, ["go test"]);
    else if (look.has("Cargo.toml"))
      add("tests", "Which test framework?", "cargo test", "Cargo.toml", ["cargo test"]);
  }
  const locks: readonly (readonly [string, string])[] = [
    ["pnpm-lock.yaml", "pnpm"],
    ["yarn.lock", "yarn"],
    ["bun.lock", "bun"],
    ["bun.lockb", "bun"],
    ["package-lock.json", "npm"],
    ["uv.lock", "uv"],
    ["poetry.lock", "poetry"],
    ["Pipfile.lock", "pipenv"],
    ["requirements.txt", "pip"],
    ["go.sum", "go modules"],
    ["Cargo.lock", "cargo"],
    ["Gemfile.lock", "bundler"],
    ["composer.lock", "composer"],
    ["pom.xml", "maven"],
    ["build.gradle", "gradle"],
    ["build.gradle.kts", "gradle"],
    ["mix.lock", "mix"],
  ];
  const managers = locks.filter(([path]) => look.has(path));
  const [manager] = managers;
  if (manager !== undefined)
    add(
      "packages",
      "Which package manager?",
      [...new Set(managers.map(([, name]) => name))].join(", "),
      manager[0],
      managers.map(([, name]) => name),
    );
  if (manifest !== null) {
    const engines =
      isObject(manifest.engines) && typeof manifest.engines.node === "string" ? manifest.engines.node : null;
    if (engines !== null)
      add("versions", "Which versions have to be supported?", `Node ${engines}`, "package.json");
    const scripts = isObject(manifest.scripts) ? manifest.scripts : {};
    const named = ["test", "lint", "build", "typecheck"].filter((name) => typeof scripts[name] === "string");
    const runner = manager !== undefined && /^(?:pnpm|yarn|bun)$/.test(manager[1]) ? manager[1] : "npm";
    if (named.length > 0) {
      add(
        "commands",
        "How are the checks run?",
        named.map((name) => (name === "test" ? `${runner} test` : `${runner} run ${name}`)).join(", "),
        "package.json",
      );
    }
    if (manifest.workspaces !== undefined || look.has("pnpm-workspace.yaml"))
      add(
        "workspaces",
        "Is it one package or several?",
        "several (workspaces)",
        manifest.workspaces === undefined ? "pnpm-workspace.yaml" : "package.json",
      );
  }
  const go = /^go (\d[\d.]*)$/m.exec((await look.read("go.mod")) ?? "")?.[1];
  if (go !== undefined) add("versions", "Which versions have to be supported?", `Go ${go}`, "go.mod");
  const python = /^requires-python\s*=\s*["']([^"']+)["']/m.exec(
    (await look.read("pyproject.toml")) ?? "",
  )?.[1];
  if (python !== undefined)
    add("versions", "Which versions have to be supported?", `Python ${python}`, "pyproject.toml");
  return found;
}

async function objectOf(text: string): Promise<JsonObject | null> {
  const parsed = await parseJson(text, 1024 * 1024);
  return parsed.ok && isObject(parsed.value) ? parsed.value : null;
}

function ofNode(manifest: JsonObject): Dependency[] {
  return ["dependencies", "devDependencies", "peerDependencies"].flatMap((key) => {
    const listed = manifest[key];
    return !isObject(listed)
      ? []
      : Object.entries(listed).map(([name, version]) => ({
          name,
          version: typeof version === "string" && version.length < 40 ? version.replace(/^[\^~]/, "") : "",
          source: "package.json",
        }));
  });
}

async function ofPython(look: Look): Promise<Dependency[]> {
  const found: Dependency[] = [];
  const files = [
    "pyproject.toml",
    "requirements.txt",
    "requirements-dev.txt",
    "requirements/dev.txt",
    "setup.cfg",
  ];
  for (const source of files) {
    const text = await look.read(source);
    if (text === null) continue;
    const pattern =
      /^\s*["']?([A-Za-z][\w.-]{1,60})(?:\[[\w,-]+\])?\s*(?:=\s*["'{][^"'}\n]*?(\d[\w.]*)|[=<>~!]=?\s*=?\s*(\d[\w.]*)|["',\s]|$)/gm;
    for (const [, name = "", assigned, required] of text.matchAll(pattern))
      if (!found.some((known) => known.name === name))
        found.push({ name, version: assigned ?? required ?? "", source });
  }
  return found;
}

/** Of formats whose dependencies can be told line by line. */
async function ofOthers(look: Look): Promise<Dependency[]> {
  const found: Dependency[] = [];
  const take = async (source: string, pattern: RegExp) => {
    for (const [, name = "", version = ""] of ((await look.read(source)) ?? "").matchAll(pattern))
      found.push({ name: name.split("/").at(-1) ?? name, version, source });
  };
  await take("go.mod", /^\s*(?:require\s+)?([\w.-]+\.[a-z]+\/[\w./-]+?)(?:\/v\d+)?\s+(v[\w.-]+)/gm);
  await take("Cargo.toml", /^([\w-]+)\s*=\s*(?:"([\w.*^~<>= -]+)"|\{[^}\n]*version\s*=\s*"([^"]+)")/gm);
  await take("Gemfile", /^\s*gem ["']([\w-]+)["'](?:,\s*["']([^"']+)["'])?/gm);
  for (const source of ["pom.xml"])
    await take(source, /<artifactId>([\w.-]+)<\/artifactId>\s*(?:<version>([\w.-]+)<\/version>)?/g);
  for (const source of ["build.gradle", "build.gradle.kts"])
    await take(source, /["'][\w.-]+:([\w.-]+)(?::([\w.-]+))?["']/g);
  const composer = await objectOf((await look.read("composer.json")) ?? "");
  for (const key of ["require", "require-dev"]) {
    const listed = composer?.[key];
    if (!isObject(listed)) continue;
    for (const [name, version] of Object.entries(listed))
      found.push({
        name,
        version: typeof version === "string" ? version.slice(0, 40) : "",
        source: "composer.json",
      });
  }
  return found;
}
