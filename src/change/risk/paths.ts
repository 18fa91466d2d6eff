import type { ChangedFile } from "../types.js";
import type { ChangeClass, Reason } from "./reasons.js";
import { shownPath } from "./reasons.js";
import { sensitiveWord } from "./signs.js";

/** Where a file is, and was. */
export type Paths = Pick<ChangedFile, "path" | "oldPath">;

interface PathRule {
  rule: string;
  class: Exclude<ChangeClass, "ROUTINE">;
  what: string;
  /** Tried on the lower-case path: some file systems know no other. */
  pattern: RegExp;
}

const rules: readonly PathRule[] = [
  {
    rule: "review-settings",
    class: "SECURITY",
    what: "decides how changes are reviewed",
    pattern:
      /(?:^|\/)\.flow\/(?:config\.json|meta\.json|bin\/)|(?:^|\/)codeowners$|(?:^|\/)\.(?:coderabbit|pr_agent|greptile|sourcery|semgrep|gitleaks|secretlintrc|snyk|trivyignore|gitleaksignore|semgrepignore|bandit)[^/]*$|(?:^|\/)\.(?:oxlintrc|eslintignore)/,
  },
  {
    rule: "agent-settings",
    class: "SECURITY",
    what: "decides what a coding agent runs or may do",
    pattern:
      /(?:^|\/)\.mcp\.json$|(?:^|\/)mcp\.json$|(?:^|\/)\.(?:claude|codex|cursor|gemini|copilot|windsurf|kiro|opencode|agents)\/(?:[^/]*\.(?:json|toml|ya?ml|sh|js|mjs|cjs|py|rb)$|hooks\/|plugins\/|bin\/|scripts\/)|(?:^|\/)\.claude\.json$|(?:^|\/)opencode\.jsonc?$/,
  },
  {
    rule: "agent-instructions",
    class: "COMPLEX",
    what: "tells a model what to do",
    pattern:
      /(?:^|\/)(?:claude|agents|gemini|skill|copilot-instructions|warp|conventions)(?:\.local|\.override)?\.md$|(?:^|\/)\.(?:cursorrules|windsurfrules|clinerules|goosehints)|(?:^|\/)\.(?:claude|codex|cursor|gemini|copilot|windsurf|kiro|opencode|agents)\/|(?:^|\/)(?:prompts?|skills?|agents?|commands|instructions|chatmodes)\/[^\n]*\.(?:md|mdc|mdx|txt)$|\.(?:prompt|instructions|chatmode|agent)\.md$|\.(?:mdc|prompt)$/,
  },
  {
    rule: "ci",
    class: "SECURITY",
    what: "runs with the project's keys in CI",
    pattern:
      /(?:^|\/)\.(?:github|gitea|forgejo)\/(?:workflows|actions)\/|(?:^|\/)action\.ya?ml$|(?:^|\/)\.gitlab-ci[^/]*$|(?:^|\/)\.gitlab\/ci\/|(?:^|\/)jenkinsfile|(?:^|\/)\.(?:circleci|buildkite|woodpecker|semaphore|teamcity|ci)\/|(?:^|\/)(?:azure-pipelines|bitbucket-pipelines|cloudbuild|appveyor|buildspec)[^/]*\.ya?ml$|(?:^|\/)\.(?:travis|drone|appveyor|woodpecker|cirrus)\.ya?ml$|(?:^|\/)dangerfile|(?:^|\/)(?:dependabot|renovate|\.renovaterc)[^/]*$/,
  },
  {
    rule: "container",
    class: "SECURITY",
    what: "builds or runs containers",
    pattern:
      /(?:^|\/)(?:[^/]*\.)?(?:dockerfile|containerfile)(?:\.[^/]*)?$|(?:^|\/)(?:docker-)?compose[^/]*\.ya?ml$|(?:^|\/)\.devcontainer[/.]|(?:^|\/)\.dockerignore$/,
  },
  {
    rule: "infrastructure",
    class: "SECURITY",
    what: "sets up machines, networks or rights",
    pattern:
      /\.(?:tf|tfvars|hcl|bicep)(?:\.json)?$|(?:^|\/)terraform\/|(?:^|\/)(?:iam|rbac|cloudformation|ansible|pulumi|helm|charts|k8s|kubernetes|kustomize|puppet|nginx|apache2?|haproxy|systemd|sudoers\.d|ssh)\/|(?:^|\/)[^/]*(?:iam|rbac)[^/]*\.(?:json|ya?ml)$|(?:^|\/)(?:nginx|httpd|sshd_config|sudoers|haproxy)[^/]*$|\.(?:service|socket|pp)$|(?:^|\/)(?:serverless|template|firebase|vercel|netlify|fly|wrangler|caddyfile|procfile|pulumi)\.(?:ya?ml|json|toml)$|(?:^|\/)(?:caddyfile|procfile)$|(?:^|\/)(?:firestore|database|storage)\.rules/,
  },
  {
    rule: "secret-file",
    class: "SECURITY",
    what: "holds secrets or says where they are",
    pattern:
      /(?:^|\/)\.env(?:[.-][^/]*)?$|(?:^|\/)[^/]*\.env$|(?:^|\/)\.(?:npmrc|yarnrc[^/]*|pypirc|netrc|pgpass|htpasswd|htaccess|git-credentials|dockercfg|aws|ssh|gnupg|kube)(?:\/|$)|\.(?:pem|key|p12|pfx|jks|keystore|crt|cer|der|asc|gpg|kdbx|ovpn|age)$|(?:^|\/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|known_hosts|authorized_keys|credentials)[^/]*$/,
  },
  {
    rule: "dependency",
    class: "SECURITY",
    what: "pins code from outside",
    pattern:
      /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock|poetry\.lock|pipfile\.lock|uv\.lock|pdm\.lock|pixi\.lock|conda-lock\.ya?ml|cargo\.lock|gemfile\.lock|composer\.lock|go\.sum|go\.work\.sum|packages\.lock\.json|mix\.lock|pubspec\.lock|podfile\.lock|package\.resolved|cartfile\.resolved|flake\.lock|gradle\.lockfile|verification-metadata\.xml|\.terraform\.lock\.hcl|module\.bazel\.lock|conan\.lock|renv\.lock)$|(?:^|\/)(?:gradle|maven)-wrapper\.(?:jar|properties)$|(?:^|\/)\.gitmodules$|(?:^|\/)\.yarn\/|(?:^|\/)\.pnp\.c?js$|(?:^|\/)(?:gradlew|mvnw)(?:\.(?:bat|cmd))?$/,
  },
  {
    rule: "runs-unasked",
    class: "SECURITY",
    what: "runs without being asked on a developer's machine",
    pattern:
      /(?:^|\/)\.(?:husky|githooks|hooks|lefthook|vscode\/(?:tasks|launch|settings)|idea\/(?:runconfigurations|workspace)|envrc|direnv|overcommit)(?:\/|\.|$)|(?:^|\/)(?:lefthook|\.pre-commit-config|\.pre-commit-hooks)\.ya?ml$|(?:^|\/)\.gitattributes$|(?:^|\/)\.gitconfig$|(?:^|\/)sitecustomize\.py$|\.pth$|(?:^|\/)\.(?:bashrc|zshrc|profile|bash_profile)$|\.code-workspace$/,
  },
  {
    rule: "migration",
    class: "COMPLEX",
    what: "changes stored data or its shape",
    pattern:
      /(?:^|\/)(?:db\/)?(?:migrations?|migrate|alembic|flyway|liquibase)\/|(?:^|\/)(?:schema\.(?:rb|sql|prisma|graphql)|structure\.sql)$|\.(?:sql|prisma|dbml)$/,
  },
  {
    rule: "build",
    class: "COMPLEX",
    what: "decides how the project is built or checked",
    pattern:
      /(?:^|\/)(?:makefile|gnumakefile|justfile|rakefile|cmakelists\.txt|meson\.build|build\.rs|build\.zig|sconstruct|configure(?:\.ac)?|tox\.ini|noxfile\.py|setup\.py|manage\.py|gulpfile|gruntfile|tsconfig[^/]*\.json|jsconfig\.json|biome\.jsonc?|turbo\.json|nx\.json|lerna\.json|babel\.config|\.babelrc|\.swcrc|\.eslintrc|\.prettierrc|\.editorconfig|\.gitignore|\.npmignore|mypy\.ini|pytest\.ini|pyrightconfig\.json|ruff\.toml|\.ruff\.toml|\.pylintrc|\.flake8|\.rubocop\.yml|\.golangci\.[^/]*|rustfmt\.toml|clippy\.toml|\.cargo\/config[^/]*|\.clang-[^/]*|checkstyle\.xml|workspace(?:\.bazel)?|module\.bazel|build(?:\.bazel)?|\.bazelrc|\.bazelversion|\.tool-versions|\.nvmrc|\.node-version|\.python-version|rust-toolchain[^/]*|global\.json|manifest\.json)(?:$|\.[^/]*$)|(?:^|\/)[^/]*\.config\.(?:[cm]?[jt]s|json)$|\.(?:mk|cmake|bzl|gradle|gradle\.kts|csproj|fsproj|vbproj|sln|props|targets|vcxproj|pbxproj|xcconfig|podspec)$/,
  },
  {
    rule: "public-api",
    class: "COMPLEX",
    what: "describes an interface that others use",
    pattern:
      /\.(?:proto|graphql|gql|thrift|avsc|wsdl|xsd|d\.ts|pyi)$|(?:^|\/)(?:openapi|swagger)[^/]*\.(?:json|ya?ml)$/,
  },
];

/** What a file's place says of it, before anybody reads it. */
export function pathReasons(file: Paths): Reason[] {
  const reasons: Reason[] = [];
  for (const path of new Set([file.path, file.oldPath ?? file.path])) {
    const lower = path.toLowerCase();
    for (const { rule, class: asked, what, pattern } of rules) {
      if (!pattern.test(lower)) continue;
      reasons.push({
        class: asked,
        origin: "content",
        rule,
        file: file.path,
        evidence: `${shownPath(path)} ${what}`,
      });
    }
  }
  return reasons;
}

/** A word about security in a code or settings file's path; null when there is none. */
export function sensitivePath(file: Paths): Reason | null {
  for (const path of [file.path, file.oldPath ?? file.path]) {
    for (const part of path.split("/")) {
      const word = sensitiveWord(part);
      if (word !== null) {
        return {
          class: "SECURITY",
          origin: "content",
          rule: "sensitive-path",
          file: file.path,
          evidence: `the path says ${word}: ${shownPath(path)}`,
        };
      }
    }
  }
  return null;
}

/** The reasons that the configuration's own patterns give. Matching ignores case and sees dot files. */
export async function patternReasons(
  files: readonly Paths[],
  patterns: { security: readonly string[]; complex: readonly string[] },
): Promise<Reason[]> {
  const { Minimatch } = await import("minimatch");
  const reasons: Reason[] = [];
  for (const [asked, list] of [
    ["SECURITY", patterns.security],
    ["COMPLEX", patterns.complex],
  ] as const) {
    const rule = asked === "SECURITY" ? "security_patterns" : "complex_patterns";
    for (const pattern of list) {
      const matcher = new Minimatch(pattern, { dot: true, nocase: true, nocomment: true, nonegate: true });
      for (const file of files) {
        const path = [file.path, file.oldPath].find((name) => name !== null && matcher.match(name));
        if (typeof path !== "string") continue;
        reasons.push({
          class: asked,
          origin: "patterns",
          rule,
          file: file.path,
          evidence: `${shownPath(path)} matches ${pattern}`,
        });
      }
    }
  }
  return reasons;
}

/** Files that say which code from outside a project takes. */
const manifest =
  /(?:^|\/)(?:package\.json|jsr\.json|deno\.jsonc?|bower\.json|pnpm-workspace\.yaml|requirements[^/]*\.(?:txt|in)|requirements\/[^/]*\.(?:txt|in)|constraints[^/]*\.txt|pyproject\.toml|setup\.cfg|pipfile|environment\.ya?ml|conda[^/]*\.ya?ml|pixi\.toml|cargo\.toml|go\.mod|go\.work|pom\.xml|libs\.versions\.toml|build\.sbt|project\.clj|gemfile|composer\.json|nuget\.config|packages\.config|directory\.packages\.props|paket\.dependencies|mix\.exs|rebar\.config|pubspec\.yaml|podfile|cartfile|package\.swift|vcpkg\.json|conanfile\.(?:txt|py)|flake\.nix|stack\.yaml|dune-project|dub\.json|shard\.yml)$|\.(?:gemspec|cabal|opam|nimble|rockspec)$|(?:^|\/)(?:build|settings)\.gradle(?:\.kts)?$|\.[cfv][sb]?proj$/;

export function isManifest(path: string): boolean {
  return manifest.test(path.toLowerCase());
}
