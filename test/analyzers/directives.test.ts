import { describe, expect, it } from "vitest";
import { declaredGlobals, silencer } from "../../src/analyzers/javascript/directives.js";
import { scriptOf } from "../../src/analyzers/javascript/script-blocks.js";

/** Lines of a file on which a finding of a class is taken back. */
function silenced(text: string, kind: string, code = "TS2304"): number[] {
  const silences = silencer("a.ts", text);
  return text.split("\n").flatMap((_, at) => (silences({ code, class: kind, line: at + 1 }) ? [at + 1] : []));
}

describe("comments for linters", () => {
  const cases: [text: string, kind: string, lines: number[]][] = [
    ["a // eslint-disable-line no-undef\nb", "undefined-name", [1]],
    ["a // eslint-disable-line\nb", "undefined-name", [1]],
    ["a // eslint-disable-line no-alert -- no-undef would say\nb", "undefined-name", []],
    ["// eslint-disable-next-line no-alert, no-undef\na\nb", "undefined-name", [2]],
    ["{/* eslint-disable-next-line react/jsx-no-undef */}\na\nb", "undefined-name", [2]],
    ["/* eslint-disable-next-line\n   no-undef */\na\nb", "undefined-name", [3]],
    ["a\n/* eslint-disable no-undef */\nb\n/* eslint-enable */\nc", "undefined-name", [2, 3, 4]],
    [
      "/* eslint-disable no-undef, no-self-compare */\na\n/* eslint-enable no-undef */\nb",
      "self-comparison",
      [1, 2, 3, 4],
    ],
    [
      "/* eslint-disable no-undef, no-self-compare */\na\n/* eslint-enable no-undef */\nb",
      "undefined-name",
      [1, 2, 3],
    ],
    ["/* eslint-disable */\na", "duplicate-key", [1, 2]],
    ["/* eslint-disable */\na", "argument-count", []],
    ["// eslint-disable no-undef\na", "undefined-name", []],
    ["/* eslint-disable no-undef", "undefined-name", []],
    ["/* oxlint-disable no-undef */\na", "undefined-name", [1, 2]],
    ["// oxlint-disable-next-line typescript/no-floating-promises\na", "missing-await", [2]],
    [
      "// biome-ignore lint/correctness/noUndeclaredVariables: given\n// more\na\nb",
      "undefined-name",
      [1, 2, 3],
    ],
    ["// biome-ignore lint/suspicious/noDebugger: given\na", "undefined-name", []],
    ["// biome-ignore lint: all of it\na\nb", "self-comparison", [1, 2]],
    ["// biome-ignore format: by hand\na", "self-comparison", []],
    ["// biome-ignore-all lint/suspicious/noSelfCompare: yes\na\nb", "self-comparison", [1, 2, 3]],
    [
      "// biome-ignore-start lint/suspicious/noSelfCompare: yes\na\n// biome-ignore-end lint/suspicious/noSelfCompare: yes\nb",
      "self-comparison",
      [1, 2, 3],
    ],
    ["a // not eslint-disable-lines\nb", "undefined-name", []],
  ];
  it.each(cases)("%j: %s", (text, kind, lines) => {
    expect(silenced(text, kind)).toEqual(lines);
  });

  it("goes by an engine's own rule too, and leaves other languages alone", () => {
    expect(silenced("a // eslint-disable-line no-eval", "wrong-use", "no-eval")).toEqual([1]);
    const silences = silencer("a.py", "a # eslint-disable-line\n/* eslint-disable */");
    expect(silences({ code: "F821", class: "undefined-name", line: 1 })).toBe(false);
  });

  it("reads the names that a file says it is given", () => {
    const text = "/* global foo, bar:writable -- from: the page */\n/* globals $baz */\n/* global open";
    expect([...declaredGlobals(text)]).toEqual(["foo", "bar", "$baz"]);
  });

  it("is quick with what is meant to make it slow", () => {
    const started = performance.now();
    for (const piece of [
      "/* eslint-disable ",
      "/* global a ",
      "// biome-ignore lint:\n",
      "<!-- eslint-disable ",
      "/***",
    ])
      silenced(piece.repeat(40_000).slice(0, 500_000), "undefined-name").length;
    for (const piece of ["<script ", "<!--", "<a ' ", "<style>", "<script>", "<template>", "< ", "\t"])
      for (const end of ["vue", "svelte"]) scriptOf(`a.${end}`, piece.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
