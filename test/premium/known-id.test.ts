import { expect, it } from "vitest";
import { withKnownId } from "../../src/premium/known-id.js";
import { SourceFailure } from "../../src/premium/source.js";

const gone = () => new SourceFailure("model_unknown", "no such model", "see the list");

function asker(known: readonly string[]) {
  const asked: string[] = [];
  const call = async (id: string) => {
    asked.push(id);
    if (!known.includes(id)) throw gone();
    return id;
  };
  return { asked, call };
}

it("goes on to the next id where the source does not know one, and keeps that in mind", async () => {
  const { asked, call } = asker(["new"]);
  const told: string[] = [];
  const model = { id: "old", also: ["newer", "new"] };
  expect(await withKnownId("one", model, call, (id) => told.push(id))).toBe("new");
  expect(told).toEqual(["old", "newer"]);
  expect(await withKnownId("one", model, call, () => {})).toBe("new");
  expect(asked).toEqual(["old", "newer", "new", "new"]);
  // Another source has its own list.
  await withKnownId("two", model, call, () => {});
  expect(asked.slice(4)).toEqual(["old", "newer", "new"]);
});

it("gives up after a few, with what the source said", async () => {
  const { asked, call } = asker([]);
  const model = { id: "a", also: ["b", "c", "d", "e", "f"] };
  await expect(withKnownId("three", model, call, () => {})).rejects.toThrow("no such model");
  expect(asked).toHaveLength(4);
});

it("leaves every other failure to the caller, after one call", async () => {
  let calls = 0;
  const fail = async () => {
    calls += 1;
    throw new SourceFailure("usage_limit", "used up", "wait");
  };
  await expect(withKnownId("four", { id: "a", also: ["b"] }, fail, () => {})).rejects.toThrow("used up");
  expect(calls).toBe(1);
});
