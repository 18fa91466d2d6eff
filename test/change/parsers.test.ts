import { expect, it } from "vitest";
import { capture } from "../../src/change/imports/grammar.js";
import { readSyntax } from "../../src/review/classify/syntax.js";

// In a file of its own: a process starts the runtime once, and it is the start that is tested.
it("reads many languages at once from the first moment on, as parallel calls make it", async () => {
  const read = async () => {
    const texts = await Promise.all([
      readSyntax("typescript", "export const a: number = 1;\n"),
      readSyntax("tsx", "export const A = () => <a />;\n"),
      readSyntax("javascript", "export const a = 1;\n"),
      readSyntax("python", "a = 1\n"),
      readSyntax("go", "package a\n\nfunc A() {}\n"),
      readSyntax("rust", "pub fn a() {}\n"),
      readSyntax("java", "class A {}\n"),
    ]);
    return texts.map((syntax) => syntax !== null);
  };
  const imports = (grammar: string, query: string, text: string) =>
    capture(grammar, query, text, (captures) => captures.map(({ node }) => node.text));
  const [first, rust, java, again] = await Promise.all([
    read(),
    imports("rust", "(identifier) @a", "fn b() {}\n"),
    imports("java", "(identifier) @a", "class C {}\n"),
    read(),
  ]);
  expect(first).toEqual(Array(7).fill(true));
  expect(again).toEqual(first);
  expect(rust).toEqual(["b"]);
  expect(java).toEqual(["C"]);
});
