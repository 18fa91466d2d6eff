import { expect, it } from "vitest";
import { readMetadata } from "../../src/analyzers/python/metadata.js";
import { keepsOutline } from "../../src/analyzers/python/outline.js";
import { isSuppressed } from "../../src/analyzers/python/suppression.js";
import { findingsOf } from "../review/prescreen-screening.js";

it("finds what a syntax tree shows, and leaves what is meant", async () => {
  const after = {
    "compared.py": `def f(a, b, xs):
    if a.b is a.b:
        pass
    if xs[0] == xs[0]:
        pass
    if a in a:
        pass
    if a.x() == a.x() or a.b == b.b:
        pass
    return a.b < b.b


def is_nan(value):
    return value != value


def versions(major, kind):
    assert kind == kind
    assert major >= major


def ok(size, kind):
    if kind == "a" or "b":
        pass
    name = kind or "b"
    if size or "":
        pass
    return name
`,
    "keys.py": `import enum


class Color(enum.Enum):
    RED = 1


def make(a, b, rest):
    one = {Color.RED: 1, "x": 2, Color.RED: 3}
    two = {'k': a, "k": b}
    three = {"k": a, **rest, "k": b}
    four = {"k": a, b"k": b, "same": 1, "same": 1, a(): 1, a(): 2}
    return one, two, three, four
`,
    "branches.py": `def f(kind, next_token):
    if kind.a:
        return 1
    elif kind.b:
        return 2
    elif kind.a:
        return 3
    if next_token():
        return 4
    elif next_token():
        return 5
    match kind:
        case "a":
            return 1
        case "b" if next_token:
            return 2
        case "b":
            return 3
        case "a":
            return 4
    return 6
`,
    "reached.py": `import contextlib


def f(a):
    return a
    print(a)


def loop(xs):
    for x in xs:
        if x:
            continue
        else:
            break
        print(x)


def empty():
    return
    yield


def todo(a):
    raise NotImplementedError
    return a + 1


def late(a):
    if a:
        return 1
    else:
        return 2
    return 3


def careful(a):
    with contextlib.suppress(ValueError):
        return int(a)
    return 0
`,
    "test_same.py": "def test_same(a):\n    assert a == a\n    assert not a != a\n",
  };
  expect(await findingsOf({ "a.py": "" }, after)).toEqual([
    "branches.py:19 duplicate-case likely",
    "branches.py:6 duplicate-case likely",
    "compared.py:19 self-comparison certain",
    "compared.py:2 self-comparison certain",
    "compared.py:23 constant-condition likely",
    "compared.py:4 self-comparison certain",
    "compared.py:6 self-comparison certain",
    "keys.py:10 duplicate-key certain",
    "keys.py:11 duplicate-key certain",
    "keys.py:9 duplicate-key certain",
    "reached.py:15 unreachable-code likely",
    "reached.py:6 unreachable-code likely",
  ]);
});

it("finds a return that a function had and lost, and leaves one that was given up on purpose", async () => {
  const lost = `class Store:
    @property
    def size(self):
        KEEP return len(self.items) + 1

    def typed(self, key) -> bool:
        """Says whether it is there."""
        KEEP return key in self.items

    def branch(self, key):
        if key:
            return self.items[key]
        KEEP return 0

    def used(self):
        x = 1
        KEEP return x

    def word(self, key) -> str:
        WORD return str(key)

    @property
    def lasting(self) -> bool:
        WORD return self.get("lasting", False)

    @lasting.setter
    def lasting(self, value: bool) -> None:
        self["lasting"] = value

    def maybe(self, key) -> int | None:
        if key is None:
            return None
        try:
            return self.items[key]
        except KeyError:
            NOTHING return self.close(key)


def loader(key) -> object:
    OTHER return Loader(key)


def emptied(key):
    """Only words are left."""
    KEEP return key + 1


def pair(name):
    node = [name]
    WORD return [node], []


def made(name):
    node = [name]
    KEEP return [node], []
`;
  const meant = `def silent(a):
    a.close()
    KEEP return a.flush()


def refuses(a):
    if a:
        return 1
    KEEP raise ValueError(a)
    LATER abort(a)


def annotated(a) -> None:
    print(a)


class Plain:
    def left(self, key):
        """Others say."""
        KEEP return key + 1

    def unused(self):
        self.x = 1
        KEEP return self.x

    def called(self):
        x = [self]
        x.sort()
        WORD return self.close(x)


def within(lock):
    with lock:
        return 1
`;
  const before = (text: string) =>
    text.replace(/KEEP |WORD |NOTHING |OTHER /g, "").replace(/ *LATER .*\n/g, "");
  const after = (text: string) =>
    text
      .replace(/ *KEEP .*\n/g, (line) => (line.includes("len") ? "        pass\n" : ""))
      .replace(/NOTHING return .*/g, "pass")
      .replace(/OTHER return Loader\(key\)/g, "Loader([key])")
      .replace(/LATER |WORD return /g, "")
      .replace("with lock:", "with lock:  # type: ignore[union-attr]");
  const callers = "from store import Store\n\nprint(Store().used() + 1)\n";
  const setting = { "abort.py": "def abort(a):\n    raise SystemExit(a)\n", "callers.py": callers };
  const found = await findingsOf(
    { ...setting, "store.py": before(lost), "meant.py": `from abort import abort\n${before(meant)}` },
    { "store.py": after(lost), "meant.py": `from abort import abort\n${after(meant)}` },
  );
  expect(found.map((line) => line.replace(" (elsewhere)", ""))).toEqual([
    "store.py:13 missing-return likely",
    "store.py:16 missing-return likely",
    "store.py:20 missing-return likely",
    "store.py:27 missing-return likely",
    "store.py:3 missing-return likely",
    "store.py:36 missing-return likely",
    "store.py:40 missing-return likely",
    "store.py:44 missing-return likely",
    "store.py:49 missing-return likely",
    "store.py:6 missing-return likely",
    "store.py:9 missing-return likely",
  ]);
});

it.each([
  ["x = y  # noqa", "undefined-name", "F821", true],
  ["x = y  # noqa: F821", "undefined-name", "F821", true],
  ["x = y  # noqa: E501, F401", "undefined-name", "F821", false],
  ["x = y  # type: ignore", "null-access", "reportOptionalMemberAccess", true],
  ["x = y  # type: ignore[return-value]", "undefined-name", "F821", false],
  ["x = y  # type: ignore[union-attr]", "null-access", "reportOptionalMemberAccess", true],
  ["x = y  # pyright: ignore[reportCallIssue]", "argument-count", "reportCallIssue", true],
  ["x = y  # pyright: ignore[reportCallIssue]", "null-access", "reportOptionalMemberAccess", false],
  ["x = y  # pylint: disable=no-member", "missing-member", "reportAttributeAccessIssue", true],
  ["x = y  # pylint: disable=invalid-name", "undefined-name", "F821", false],
  ["x = y  # nothing", "undefined-name", "F821", false],
])("reads what %s asks to be silent about (%s)", (line, kind, code, expected) => {
  expect(isSuppressed([line], 1, kind, code)).toBe(expected);
});

it.each([
  ["pyproject.toml", `[tool.setuptools.packages.find]\nwhere = ["code"]`, ["code"]],
  [
    "pyproject.toml",
    `[tool.setuptools.package-dir]\n"" = "code"\n"app" = "deep/app"\n"odd" = "other"`,
    ["code", "deep/"],
  ],
  [
    "pyproject.toml",
    `[tool.poetry]\npackages = [{ include = "a", from = "code" }, { include = "b" }]`,
    ["code"],
  ],
  ["pyproject.toml", `[tool.hatch.build.targets.wheel]\npackages = ["code/app"]`, ["code"]],
  [
    "pyproject.toml",
    `[tool.pytest.ini_options]\npythonpath = ["."]\n[tool.pyright]\nextraPaths = ["more"]`,
    ["more", "."],
  ],
  ["pyproject.toml", "[tool.setuptools.packages]\nfind = 3\n[tool]\n", []],
  [
    "setup.cfg",
    "[options]\npackage_dir =\n    = code\n[options.packages.find]\nwhere = other\n",
    ["code", "other"],
  ],
  ["setup.py", `setup(packages=find_packages("code"), package_dir={"": "code"})`, ["code", "code"]],
  ["pyrightconfig.json", `{ // here\n "extraPaths": ["more"] }`, ["more"]],
])("finds where packages are by %s: %s", async (name, text, expected) => {
  expect((await readMetadata(name, text)).roots).toEqual(expected);
});

it.each([
  ["pyproject.toml", `[project]\nrequires-python = ">=3.10"`, "3.10"],
  ["pyproject.toml", `[tool.poetry.dependencies]\npython = "^3.9"`, "3.9"],
  ["setup.py", `setup(python_requires=">=3.7")`, "3.8"],
  ["setup.cfg", "[options]\npackages = find:\n", null],
])("reads the oldest version of %s: %s", async (name, text, expected) => {
  expect((await readMetadata(name, text)).version).toBe(expected);
});

it.each([
  ["pyproject.toml", "[a]\n".repeat(2)],
  ["pyproject.toml", `a=${"[".repeat(60_000)}${"]".repeat(60_000)}`],
  ["pyproject.toml", `[${"a.".repeat(60_000)}a]\n`],
  ["pyproject.toml", Array.from({ length: 200_000 }, (_, at) => `[t${at}]\n`).join("")],
  ["pyrightconfig.json", `{"extraPaths":${"[".repeat(60_000)}${"]".repeat(60_000)}}`],
  ["setup.cfg", `[options]\n${"\n".repeat(120_000)}`],
  ["setup.cfg", `[options.packages.find]\nwhere =\n${"  \n".repeat(40_000)}`],
  ["setup.py", `${"find_packages(".repeat(4_000)}${"package_dir={".repeat(4_000)}`],
])("takes a %s that is made to be trouble for one that says nothing", async (name, text) => {
  expect(await readMetadata(name, text)).toEqual({ roots: [], version: null });
});

it("keeps the projects of a monorepo apart, and reads stubs and layouts as data", async () => {
  const before = {
    "one/pyproject.toml": `[tool.setuptools.packages.find]\nwhere = ["code"]\n`,
    "one/code/core/__init__.py": "FIRST = 1\n",
    "two/setup.cfg": "[options]\npackage_dir =\n    = source\n",
    "two/source/core/__init__.py": "SECOND = 2\n",
    "typings/foreign/__init__.pyi": "def call(a: int) -> int: ...\n",
  };
  const after = {
    "one/main.py": "from core import FIRST\nfrom core import SECOND\n\nprint(FIRST, SECOND)\n",
    "two/main.py":
      "import core\nfrom core import SECOND\nfrom foreign import call\n\nprint(SECOND, core.FIRST, call())\n",
  };
  expect(await findingsOf(before, after)).toEqual([
    "one/main.py:2 missing-export certain",
    "two/main.py:5 argument-count likely",
    "two/main.py:5 missing-member likely",
  ]);
});

it("doubts a type checker's word on arguments where a decorator or Unpack stands between, and on None nobody wrote", async () => {
  const before = {
    "lib.py": `from typing import Optional, TypedDict, Unpack

import click


class Named(TypedDict, total=False):
    a: int


def options(**kwargs: Unpack[Named]) -> None: ...


@click.pass_context
def command(ctx, name): ...


def plain(a, b): ...


def guessed(a):
    if a:
        return None
    return "a"


def written(a: int) -> Optional[str]:
    return guessed(a)
`,
  };
  const after = {
    "use.py": `from typing import Final

from lib import command, guessed, options, plain, written

options(b=1)
command("x")
plain(1)
one = guessed(1)
two = written(1)
print(one.upper(), two.upper(), written(2).upper())
LIMIT: Final = 1
LIMIT = 2


def late(x=None):
    return x.upper()
`,
  };
  expect(await findingsOf(before, after)).toEqual([
    "use.py:10 null-access likely",
    "use.py:10 null-access likely",
    "use.py:12 constant-assignment likely",
    "use.py:7 argument-count likely",
  ]);
});

it("takes a name that the repository hands on from a package that is not installed for one that is there", async () => {
  const before = {
    "pkg/__init__.py":
      "from absent import Response as Response\nfrom .deep import (\n    Client as Renamed,  # a name of ours\n)\n",
    "pkg/deep.py": "from absent.client import *\n",
    "pkg/own.py": "from .more import here\n",
    "pkg/more.py": "here = 1\n",
  };
  const after = {
    "new.py":
      "from pkg import Renamed, Response\nfrom pkg.own import gone, here\n\nprint(Renamed, Response, gone, here)\n",
    "pkg/inner.py": "from . import Response, nothing\n\nprint(Response, nothing)\n",
  };
  expect(await findingsOf(before, after)).toEqual([
    "new.py:2 missing-export certain",
    "pkg/inner.py:1 missing-export certain",
  ]);
});

it("leaves a call that is meant to fail, and a keyword of a call over several lines that takes any", async () => {
  const before = {
    "lib.py":
      "from typing import TypedDict, Unpack\n\n\nclass Named(TypedDict, total=False):\n    a: int\n\n\ndef options(x: int, **kwargs: Unpack[Named]) -> None: ...\n\n\ndef plain(a, b): ...\n",
  };
  const after = {
    "test_use.py": `import pytest

from lib import options, plain


def test_use():
    with pytest.raises(TypeError):
        for _ in range(2):
            plain(1)
    options(
        len("x"),
        b=1,
    )
    plain(
        1,
    )
`,
  };
  expect(await findingsOf(before, after)).toEqual(["test_use.py:14 argument-count likely"]);
});

it("doesn't blame a change for an import that was as wrong before, where a module's __getattr__ hid it", async () => {
  const init = "here = 1\n";
  const hidden = `def __getattr__(name):\n    if name == "old":\n        return 1\n    raise AttributeError(name)\n`;
  const old = "from pkg import never\nfrom pkg import old\n\nprint(never, old)\n";
  expect(
    await findingsOf(
      { "pkg/__init__.py": `${init}${hidden}`, "use.py": old },
      { "pkg/__init__.py": init, "new.py": "from pkg import never\n\nprint(never)\n" },
    ),
  ).toEqual(["new.py:1 missing-export certain", "use.py:2 missing-export certain (elsewhere)"]);
});

const module = `LIMIT = 1  # each
GONE = 2


# about it
def find(
    key: str,
) -> int:
    found = 1
    return found


def guess(key):
    found = 1
    return found


class Box:
    def fill(self) -> None:
        self.size = 1
`;

it.each<[string, [string, string][], boolean]>([
  ["nothing", [], true],
  ["a comment", [["about it", "of it"]], true],
  [
    "the inside of a function with a return type",
    [["    found = 1\n    return found\n\n\ndef guess", "    return 2\n\n\ndef guess"]],
    true,
  ],
  ["the inside of another, but what it gives", [["key):\n    found = 1", "key):\n    found = 2"]], true],
  ["a new function", [["class Box", "def more(): ...\n\n\nclass Box"]], true],
  ["a name that is gone", [["GONE = 2\n", ""]], false],
  ["a parameter on a line of its own", [["str,\n", "str,\n    other: int,\n"]], false],
  ["a return type", [["-> int", "-> str"]], false],
  [
    "what a function without a return type gives",
    [["return found\n\n\nclass", "return None\n\n\nclass"]],
    false,
  ],
  ["an attribute of the instance", [["self.size", "self.length"]], false],
  ["a method that is in another class", [["class Box", "class Crate"]], false],
])("tells whether others see a change of %s", (_, edits, kept) => {
  const now = edits.reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, module);
  expect(keepsOutline(module, now)).toBe(kept);
});
