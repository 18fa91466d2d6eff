/** Files of prose. What else ends in `.txt` may be read by a program (requirements.txt, robots.txt, word lists). */
const proseExtension = /\.(?:md|markdown|rst|adoc|asciidoc)$/;
const proseName =
  /(?:^|\/)(?:readme|changelog|changes|history|news|contributing|authors|maintainers|contributors|license|licence|copying|notice|code_of_conduct|support|todo|roadmap|thanks|credits)(?:[.-][\w.-]{1,20})?$/;
const proseFolder = /(?:^|\/)(?:docs?|documentation|man)\/[^\n]*\.txt$/;

/** A file of prose by its name; what it says decides whether it counts as one. */
export function isProse(path: string): boolean {
  const lower = path.toLowerCase();
  if (/\.(?:sh|py|js|ts|rb|json|ya?ml|toml|html?)$/.test(lower)) return false;
  return proseExtension.test(lower) || proseName.test(lower) || proseFolder.test(lower);
}
