/** A grammar of @vscode/tree-sitter-wasm. */
export type Grammar =
  | "typescript"
  | "tsx"
  | "javascript"
  | "python"
  | "go"
  | "rust"
  | "java"
  | "cpp"
  | "c-sharp"
  | "ruby"
  | "php"
  | "bash"
  | "css";

/** Languages that share content rules. */
export type Family =
  | "js"
  | "python"
  | "go"
  | "rust"
  | "java"
  | "c"
  | "csharp"
  | "ruby"
  | "php"
  | "shell"
  | "style"
  | "other"
  | "config"
  | "data"
  | "docs";

export interface Language {
  family: Family;
  /** Null where no embedded parser reads it: nothing about it can be shown by syntax. */
  grammar: Grammar | null;
}

const table: Record<string, Language> = {};
function add(extensions: string, family: Family, grammar: Grammar | null = null): void {
  for (const extension of extensions.split(" ")) table[extension] = { family, grammar };
}
add("ts mts cts", "js", "typescript");
add("tsx", "js", "tsx");
add("js mjs cjs jsx", "js", "javascript");
add("vue svelte astro mdx", "js");
add("py pyi pyw", "python", "python");
add("ipynb pyx", "python");
add("go", "go", "go");
add("rs", "rust", "rust");
add("java", "java", "java");
add("kt kts scala groovy gradle clj", "java");
add("c h cc cpp cxx c++ hpp hh hxx h++ ino inl ipp cu cuh", "c", "cpp");
add("m mm swift", "c");
add("cs", "csharp", "c-sharp");
add("fs vb cshtml razor", "csharp");
add("rb rake gemspec ru", "ruby", "ruby");
add("erb haml slim", "ruby");
add("php phtml", "php", "php");
add("sh bash zsh ksh", "shell", "bash");
add("fish ps1 psm1 bat cmd awk", "shell");
add("css", "style", "css");
add("scss sass less styl", "style");
add(
  "sql lua pl pm ex exs erl hrl hs dart r jl nim zig sol html htm hbs ejs jinja j2 graphql gql proto ml mli cr",
  "other",
);
add("yaml yml toml ini conf cfg env properties xml plist hcl tf tfvars json jsonc json5 nix", "config");
add("csv tsv snap golden ndjson jsonl po pot svg", "data");
add("md markdown rst adoc asciidoc", "docs");

const byName: Record<string, Language> = {
  rakefile: { family: "ruby", grammar: "ruby" },
  gemfile: { family: "ruby", grammar: "ruby" },
  podfile: { family: "ruby", grammar: "ruby" },
  vagrantfile: { family: "ruby", grammar: "ruby" },
  makefile: { family: "shell", grammar: null },
  justfile: { family: "shell", grammar: null },
  dockerfile: { family: "shell", grammar: null },
  containerfile: { family: "shell", grammar: null },
  jenkinsfile: { family: "java", grammar: null },
};

/** What a file is written in, by its name and, where the name is silent, by the interpreter its first line names. */
export function languageOf(path: string, firstLine = ""): Language {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const known = byName[name];
  if (known) return known;
  const dot = name.lastIndexOf(".");
  const extension = dot >= 0 ? table[name.slice(dot + 1)] : undefined;
  if (extension && Object.hasOwn(table, name.slice(dot + 1))) return extension;
  const interpreter = /^#!.{0,200}?\b(python|node|deno|bun|ruby|php|bash|zsh|sh|perl)/.exec(firstLine)?.[1];
  if (interpreter === "python") return { family: "python", grammar: "python" };
  if (interpreter === "node" || interpreter === "deno" || interpreter === "bun")
    return { family: "js", grammar: "javascript" };
  if (interpreter === "ruby") return { family: "ruby", grammar: "ruby" };
  if (interpreter === "php") return { family: "php", grammar: "php" };
  if (interpreter === "bash" || interpreter === "zsh" || interpreter === "sh")
    return { family: "shell", grammar: "bash" };
  return { family: "other", grammar: null };
}

/** The families that a machine runs. */
export const code: readonly Family[] = [
  "js",
  "python",
  "go",
  "rust",
  "java",
  "c",
  "csharp",
  "ruby",
  "php",
  "shell",
  "other",
];

/** Whether a machine runs it. */
export function isCode(language: Language): boolean {
  return code.includes(language.family);
}
