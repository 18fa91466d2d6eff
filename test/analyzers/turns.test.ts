import { describe, expect, it } from "vitest";
import { takeTurn } from "../../src/analyzers/warm/turns.js";

const never = new AbortController().signal;

/** Lets everything run that does not wait for a turn. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe("turns", () => {
  it("lets two run at once, and of one lane only one", async () => {
    const order: string[] = [];
    const frees = new Map<string, () => void>();
    const want = async (name: string, lane: string) => {
      frees.set(name, await takeTurn(lane, never));
      order.push(name);
    };
    const all = [want("a", "x"), want("b", "x"), want("c", "y"), want("d", "z")];
    await settle();
    expect(order).toEqual(["a", "c"]);
    frees.get("c")?.();
    await settle();
    expect(order).toEqual(["a", "c", "d"]);
    frees.get("a")?.();
    await settle();
    expect(order).toEqual(["a", "c", "d", "b"]);
    await Promise.all(all);
    for (const name of ["b", "d"]) frees.get(name)?.();
  });

  it("leaves the row when cancelled", async () => {
    const first = await takeTurn("x", never);
    const controller = new AbortController();
    const second = takeTurn("x", controller.signal);
    const third = takeTurn("x", never);
    controller.abort(new Error("gone"));
    await expect(second).rejects.toThrow("gone");
    first();
    (await third)();
    await expect(takeTurn("x", controller.signal)).rejects.toThrow("gone");
  });
});
