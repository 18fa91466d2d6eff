import { describe, expect, it } from "vitest";
import { findingsOf } from "../review/prescreen-screening.js";

describe("Python", () => {
  it("finds one planted mistake of each class", async () => {
    const before = {
      "pyproject.toml": `[project]\nname = "app"\nrequires-python = ">=3.9"\n`,
      "src/app/__init__.py": "",
      "src/app/lib.py": `from typing import Optional\n\n\ndef find(key: str) -> Optional[str]:\n    return key or None\n\n\nGONE = 1\n`,
      "src/app/paths.py": `import os\n\n\ndef join(a):\n    return os.path.join(a, "b")\n`,
      "src/app/importer.py": `from app.lib import GONE\n\nprint(GONE)\n`,
      "src/app/guard.py": `from app.lib import find\n\n\ndef upper(key):\n    found = find(key)\n    if found is None:\n        return ""\n    return found.upper()\n`,
      "src/app/ways.py": `def way(a):\n    if a:\n        return 1\n    return 2\n`,
      "src/app/part.py": `class Counter:\n    def count(self):\n        return self.step()\n\n    def step(self):\n        return 1\n`,
    };
    const after = {
      "src/app/lib.py": before["src/app/lib.py"].replace("GONE = 1\n", ""),
      "src/app/paths.py": `def join(a):\n    return os.path.join(a, "b")\n`,
      "src/app/guard.py": `from app.lib import find\n\n\ndef upper(key):\n    found = find(key)\n    return found.upper()\n`,
      "src/app/ways.py": `def way(a):\n    if a:\n        return 1\n`,
      "src/app/part.py": `class Counter:\n    def count(self):\n        return self.step()\n`,
      "src/app/more.py": `from .nothing import a
from app.nowhere import b
from app.lib import missing


def add(a, b):
    return a + b


add(1)
d = {"key": 1, "key": 2}
if d == d:
    print(undefined_name)


def typed(x: int) -> int:
    if x:
        return 1
    x += 1


def late():
    print(value)
    value = 1


"text".push("x")
breakpoint()
`,
      "src/app/broken.py": `def f(:\n    pass\n`,
    };
    expect(await findingsOf(before, after)).toEqual([
      "src/app/broken.py:1 syntax certain",
      "src/app/guard.py:6 null-access likely (elsewhere)",
      "src/app/importer.py:1 missing-export certain (elsewhere)",
      "src/app/more.py:1 missing-module certain",
      "src/app/more.py:10 argument-count likely",
      "src/app/more.py:11 duplicate-key certain",
      "src/app/more.py:12 self-comparison certain",
      "src/app/more.py:13 undefined-name certain",
      "src/app/more.py:16 missing-return likely",
      "src/app/more.py:2 missing-module certain",
      "src/app/more.py:23 use-before-assignment certain",
      "src/app/more.py:27 missing-member likely",
      "src/app/more.py:28 debugger likely",
      "src/app/more.py:3 missing-export certain",
      "src/app/part.py:3 missing-member likely (elsewhere)",
      "src/app/paths.py:2 undefined-name certain (elsewhere)",
      "src/app/ways.py:1 missing-return likely (elsewhere)",
    ]);
  });

  it("says nothing of clean code, typed or not, with packages that are not installed", async () => {
    const before = {
      "pkg/__init__.py": "",
      ".gitignore": "pkg/_version.py\n",
      "SConscript_a.py": "",
    };
    const after = {
      "pkg/models.py": `from __future__ import annotations

import re
from typing import TYPE_CHECKING, Optional, overload

import numpy as np
from django.db import models
from flask import abort

from ._version import version

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from . import _speedups
except ImportError:
    _speedups = None

try:
    import tomllib
except ModuleNotFoundError:
    import tomli as tomllib


def length(o):
    if isinstance(o, str):
        o = o.encode("utf-8")
    if hasattr(o, "__len__"):
        return len(o)
    elif hasattr(o, "fileno"):
        return "b" in o.mode


class Item(models.Model):
    name = models.CharField(max_length=3)

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        return self.pk


class LogMixin:
    def log(self):
        self.logger.info(self.name)


class Client:
    def __init__(self):
        self.socket = None

    def open(self):
        self.socket = make()

    def send(self, data):
        self.socket.send(data)


def make():
    return np.zeros(3)


def number(text: str) -> int:
    match = re.match(r"\\d+", text)
    return int(match.group(0))


def fetch(key) -> str:
    if key:
        return key
    abort(404)


def maybe(items):
    for item in items:
        if item:
            return item


@overload
def both(a: int) -> int: ...
@overload
def both(a: str) -> str: ...
def both(a):
    return a


def is_nan(x):
    return x != x  # NaN is the only one


def silent():
    return not_defined_anywhere  # noqa: F821


def walk(self: Optional[Item]) -> Iterator[int]:
    yield from (n for n in range(3))


print(version, tomllib, _speedups, _("translated"))
`,
      "tests/conftest.py": `import pytest\n\n\n@pytest.fixture\ndef client():\n    return 1\n`,
      "tests/test_it.py": `from .conftest import client\n\n\ndef test_it(client):\n    assert client == 1\n`,
      "old/two.py": `print "hello"\nexec "x = 1"\n`,
      "{{cookiecutter.name}}/main.py": `import {{ cookiecutter.name }}\n`,
    };
    expect(await findingsOf(before, after)).toEqual([]);
  });

  it("reads CRLF, a byte order mark and moved mistakes", async () => {
    const wrong = "def f():\r\n    return nowhere\r\n";
    const before = { "a.py": wrong, "b.py": "x = 1\r\n" };
    const after = { "a.py": `\ufeff# first\r\n\r\n${wrong}`, "b.py": "\ufeffx = 1\r\ny = unheard\r\n" };
    expect(await findingsOf(before, after)).toEqual(["b.py:2 undefined-name certain"]);
  });
});
