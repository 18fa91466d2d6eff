/** A field of what came from outside; undefined when there is none. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

/** The first of the fields that is a number that means something. */
export function numberIn(value: unknown, ...names: string[]): number | null {
  for (const name of names) {
    const found = fieldOf(value, name);
    if (typeof found === "number" && Number.isFinite(found)) return found;
  }
  return null;
}

/** The first of the fields that is a text with something in it. */
export function textIn(value: unknown, ...names: string[]): string | null {
  for (const name of names) {
    const found = fieldOf(value, name);
    if (typeof found === "string" && found !== "") return found;
  }
  return null;
}
