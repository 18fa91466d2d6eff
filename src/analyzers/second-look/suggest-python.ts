import { posix } from "node:path";

const fromImport =
  /^[ \t]*from[ \t]+([\w.]{1,200})[ \t]+import[ \t]+(?:\(([^()]{1,4000})\)|([^\n#(]{1,1000}))/gm;
const plainImport = /^[ \t]*import[ \t]+([^\n#]{1,500})/gm;

/** The import of a file's text that binds a name, as one line. */
export function pythonImportOf(name: string, text: string): string | null {
  if (!text.includes(name)) return null;
  for (const [, module = "", listed, plain] of text.matchAll(fromImport)) {
    const list = (listed ?? plain ?? "").replace(/#.*/g, "").split(",");
    const part = list
      .map((one) => one.trim().replace(/\s+/g, " "))
      .find((one) => one.split(" as ").at(-1) === name);
    if (part !== undefined) return `from ${module} import ${part}`;
  }
  for (const [, list = ""] of text.matchAll(plainImport)) {
    const parts = list.split(",").map((one) => one.trim().replace(/\s+/g, " "));
    const part = parts.find(
      (one) => (one.includes(" as ") ? one.split(" as ").at(-1) : one.split(".")[0]) === name,
    );
    if (part !== undefined) return `import ${part}`;
  }
  return null;
}

/** Does a module's text define a name at its top level, and not only pass it on? */
export function definesInPython(name: string, text: string): boolean {
  return new RegExp(
    `^(?:(?:async[ \\t]+)?def[ \\t]+${name}[ \\t]*[(\\[]|class[ \\t]+${name}[ \\t]*[:(\\[]|${name}[ \\t]*(?::[^=\\n]+)?=(?!=))`,
    "m",
  ).test(text);
}

/** The dotted name of a module, from the folder above its outermost package; null where it is in none. */
export function moduleName(path: string, paths: ReadonlySet<string>): string | null {
  const parts: string[] = [];
  const stem = posix.basename(path).replace(/\.pyi?$/, "");
  if (stem !== "__init__") parts.push(stem);
  let folder = posix.dirname(path);
  let isPackage = false;
  while (folder !== "." && paths.has(`${folder}/__init__.py`)) {
    parts.unshift(posix.basename(folder));
    folder = posix.dirname(folder);
    isPackage = true;
  }
  return isPackage ? parts.join(".") : null;
}

/** Modules of the standard library that are used by their own name. */
const modules = new Set(
  `abc argparse ast asyncio base64 bisect calendar codecs collections concurrent configparser contextlib copy csv
  dataclasses datetime decimal difflib enum fractions functools gc getpass glob gzip hashlib heapq hmac html importlib
  inspect io itertools json locale logging math mimetypes multiprocessing operator os pathlib pickle platform pprint
  queue random re secrets select shlex shutil signal socket sqlite3 ssl statistics string struct subprocess sys tempfile
  textwrap threading time traceback types typing unicodedata unittest urllib uuid warnings weakref xml zipfile zlib`
    .split(/\s+/)
    .filter(Boolean),
);

/** Names of the standard library that nobody else's are taken for. */
const members: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    abc: "ABC abstractmethod",
    collections: "defaultdict OrderedDict namedtuple deque",
    contextlib: "contextmanager asynccontextmanager suppress ExitStack",
    copy: "deepcopy",
    dataclasses: "dataclass",
    datetime: "timedelta",
    decimal: "Decimal",
    functools: "lru_cache cached_property partial wraps singledispatch",
    io: "StringIO BytesIO",
    pathlib: "Path PurePath PurePosixPath",
    textwrap: "dedent",
    typing:
      "Any Optional Union Callable TypeVar Generic Protocol Literal ClassVar TypedDict TYPE_CHECKING overload cast NamedTuple Annotated",
  }).flatMap(([module, names]) => names.split(" ").map((name) => [name, module])),
);

/** The import of the standard library that a name needs, given a line that uses it. */
export function standardImport(name: string, line: string): string | null {
  const module = Object.hasOwn(members, name) ? members[name] : undefined;
  if (module !== undefined) return `from ${module} import ${name}`;
  const isUsedAsModule = new RegExp(`(?<![\\w.])${name}\\.\\w`).test(line);
  return modules.has(name) && isUsedAsModule ? `import ${name}` : null;
}

/** Names that a Python file's text defines or imports, as far as a glance tells. */
export function pythonNames(text: string): Set<string> {
  const names = new Set<string>();
  for (const [, name = ""] of text.matchAll(/\b(?:def|class|for|as|global|nonlocal)\s+([A-Za-z_]\w*)/g))
    names.add(name);
  for (const [, name = ""] of text.matchAll(/^[ \t]*([A-Za-z_]\w*)[ \t]*(?::[^=\n]+)?=(?!=)/gm))
    names.add(name);
  for (const [, list = ""] of text.matchAll(/\bdef\s+\w+\s*\(([^()]{1,1000})\)/g))
    for (const [, name = ""] of list.matchAll(/(?:^|,)\s*\*{0,2}([A-Za-z_]\w*)/g)) names.add(name);
  for (const [, , listed, plain] of text.matchAll(fromImport))
    for (const one of (listed ?? plain ?? "").split(","))
      names.add(
        one
          .trim()
          .split(/\s+as\s+/)
          .at(-1) ?? "",
      );
  names.delete("");
  return names;
}
