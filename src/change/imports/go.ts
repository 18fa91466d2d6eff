import { posix } from "node:path";
import type { ImportLanguage } from "./language.js";
import { directoryOf, type TreeIndex } from "./tree-index.js";

/** Go: a package is the folder's files; the module's prefix is in `go.mod`. */
export const go: ImportLanguage = {
  name: "Go",
  handles: (path) => path.endsWith(".go"),
  imports: (path) => path.endsWith(".go") && !path.endsWith("_test.go"),
  grammar: () => "go",
  query: () => "(import_spec path: (_) @specifier)",
  marks: ["import"],
  specifiers: (captures) => captures.map(({ node }) => node.text.slice(1, -1)),
  async resolver(index) {
    const modules = await modulesOf(index);
    return {
      resolve(specifier, from) {
        for (const { name, directory } of modules) {
          if (specifier !== name && !specifier.startsWith(`${name}/`)) continue;
          const inside = specifier.slice(name.length + 1);
          const folder = directory === "" || inside === "" ? directory + inside : `${directory}/${inside}`;
          const files = packageFiles(folder, index);
          if (files.length > 0) return files.filter((path) => path !== from);
        }
        return [];
      },
      names(path) {
        const folder = directoryOf(path);
        const module = modules.find(({ directory }) => directory === folder);
        return [posix.basename(folder), module?.name ?? ""].filter((name) => name !== "");
      },
    };
  },
};

function packageFiles(folder: string, index: TreeIndex): string[] {
  return index.inDirectory(folder).filter((path) => path.endsWith(".go") && !path.endsWith("_test.go"));
}

/** Modules of the tree, the longest name first. */
async function modulesOf(index: TreeIndex): Promise<{ name: string; directory: string }[]> {
  const texts = await index.texts(index.named("go.mod"));
  const modules = [...texts].flatMap(([path, text]) => {
    const name = /^[ \t]*module[ \t]+"?([^\s"]+)"?/m.exec(text)?.[1];
    return name === undefined ? [] : [{ name, directory: directoryOf(path) }];
  });
  return modules.sort((a, b) => b.name.length - a.name.length || (a.directory < b.directory ? -1 : 1));
}
