import type { Dependency } from "../dependencies.js";
import type { Ground } from "../ground.js";

const filesLookedAt = 12;
const linesLookedAt = 400;

/** How often the files that the feature is about import each dependency; those that none imports are left out. */
export async function importedBy(
  ground: Ground,
  dependencies: readonly Dependency[],
): Promise<Map<Dependency, string[]>> {
  const found = new Map<Dependency, string[]>();
  for (const { path } of ground.relevant.slice(0, filesLookedAt)) {
    const source = await ground.read(path);
    if (source === null) continue;
    const head = source.split("\n", linesLookedAt).join("\n");
    const names = namesIn(path, head);
    for (const dependency of dependencies) {
      const meant = importNames(dependency);
      if (
        !names.some((name) =>
          meant.some((one) => name === one || name.startsWith(`${one}/`) || name.startsWith(`${one}.`)),
        )
      )
        continue;
      found.set(dependency, [...(found.get(dependency) ?? []), path]);
    }
  }
  return found;
}

function namesIn(path: string, source: string): string[] {
  const patterns = /\.py$/.test(path)
    ? [/^\s*(?:from|import)\s+([A-Za-z_][\w.]*)/gm]
    : /\.go$/.test(path)
      ? [/^\s*(?:import\s+)?(?:[\w.]+\s+)?"([^"\n]+)"/gm]
      : /\.rs$/.test(path)
        ? [/^\s*(?:pub\s+)?use\s+([a-z_]\w*)/gm]
        : /\.rb$/.test(path)
          ? [/^\s*require\s+["']([^"'\n]+)["']/gm]
          : [/\bfrom\s*["']([^"'\n]+)["']/g, /\b(?:require|import)\s*\(?\s*["']([^"'\n]+)["']/g];
  return patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([, name = ""]) => name));
}

/** Distributions whose import has another name than they have; the rest changes `-` to `_`. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  pyyaml: ["yaml"],
  pillow: ["PIL"],
  beautifulsoup4: ["bs4"],
  "python-dateutil": ["dateutil"],
  "scikit-learn": ["sklearn"],
  "opencv-python": ["cv2"],
  "python-dotenv": ["dotenv"],
  pyjwt: ["jwt"],
  "flask-sqlalchemy": ["flask_sqlalchemy"],
  djangorestframework: ["rest_framework"],
  "psycopg2-binary": ["psycopg2"],
  protobuf: ["google.protobuf"],
};

function importNames({ name, ecosystem }: Dependency): readonly string[] {
  if (ecosystem === "pypi") return otherNames[name] ?? [name.replaceAll("-", "_")];
  if (ecosystem === "cargo") return [name.replaceAll("-", "_")];
  return [name];
}
