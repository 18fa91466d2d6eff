/** What a source file tells without being parsed. */
export interface Facts {
  /** What it imports, as written. */
  imports: readonly string[];
  /** Of those, what it passes on to its own importers. */
  passes: ReadonlySet<string>;
  /** Does it declare names for the whole program? */
  ambient: boolean;
}

const limit = 50_000;
const known = new Map<string, Facts>();

// Bounded, because the text is a stranger's.
const clause = String.raw`[^;'"()\`=]{0,4000}?`;
const imported =
  /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(['"])([^'"\n]+)\1|<reference\s+(?:path|types)\s*=\s*(['"])([^'"\n]+)\3/g;
/** What is imported first and exported later is passed on too. */
const exportsLocals = /\bexport\s*\{[^{}]*\}(?!\s*from)/;
const passedOn = new RegExp(String.raw`\bexport\b${clause}\bfrom\s*(['"])([^'"\n]+)\1`, "g");

/**
 * By the blob's id. A specifier in a comment or a string may be among the imports: all who ask resolve them, and too
 * many only cost time.
 */
export function factsOf(id: string, isDeclaration: boolean, read: () => string | undefined): Facts {
  const key = isDeclaration ? `d ${id}` : id;
  const before = known.get(key);
  if (before) return before;
  const text = read() ?? "";
  const imports = new Set<string>();
  for (const match of text.matchAll(imported)) {
    if (match[2] !== undefined) imports.add(match[2]);
    // A path of a reference is relative without saying so.
    else if (match[4] !== undefined) imports.add(/\.[mc]?tsx?$/.test(match[4]) ? `./${match[4]}` : match[4]);
  }
  const facts: Facts = {
    imports: [...imports],
    passes: exportsLocals.test(text)
      ? imports
      : new Set([...text.matchAll(passedOn)].flatMap((match) => match[2] ?? [])),
    ambient:
      isDeclaration || /\bdeclare\s+(global|module)\b/.test(text) || !/^[ \t]*(import|export)\b/m.test(text),
  };
  if (known.size >= limit) known.clear();
  known.set(key, facts);
  return facts;
}
