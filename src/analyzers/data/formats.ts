import { posix } from "node:path";

export type DataFormat = "json" | "jsonc" | "yaml" | "toml";

/** Read with comments and trailing commas by the programs that they are for. */
const withComments = [
  /^[tj]sconfig\b.*\.json$/,
  /^\.?(eslintrc|swcrc|jshintrc|jscsrc|oxlintrc|oxfmtrc|jslintrc|hintrc|luarc|htmlhintrc|devcontainer)(\.json)?$/,
  /^(biome|deno|tslint|pyrightconfig|turbo|nx|rush|project|angular|wrangler|api-extractor|typedoc|appsettings|launchsettings|host|global|language-configuration|vcpkg|cmakepresets|workspace)(\.[\w-]+)*\.json$/,
  /\.(code-workspace|jsonc|sublime-[a-z]+|code-snippets|tmlanguage)$/,
];
/** JSON5, or JSON with more than comments: nothing here reads them. */
const notJson =
  /^\.?(babelrc|renovate|renovaterc|babel\.config|\w+\.json5|parcelrc|stylelintrc|prettierrc|lintstagedrc|nycrc|mocharc)(\.json)?$/;

/** What a file is by its name, or null where it is no data that we read. */
export function dataFormat(path: string): DataFormat | null {
  const name = posix.basename(path).toLowerCase();
  if (notJson.test(name)) return null;
  if (/\.ya?ml$/.test(name)) return isChartTemplate(path) ? null : "yaml";
  if (name.endsWith(".toml") || name === "pipfile") return "toml";
  if (withComments.some((pattern) => pattern.test(name))) return "jsonc";
  if (/\.(json|webmanifest|geojson|ipynb|arb)$/.test(name)) {
    return /(^|\/)\.(vscode|zed|devcontainer|idea)\//.test(path) ? "jsonc" : "json";
  }
  return null;
}

/** Helm, Jinja and others fill these in before anything reads them as YAML. */
function isChartTemplate(path: string): boolean {
  return /(^|\/)(templates?|_templates|\{\{[^/]*\}\})\//i.test(path);
}
