import type { FailureKind } from "../source.js";

/** Message and hint of what is the same of OpenAI's however it was asked; null for what the way matters for. */
export function sharedWords(
  kind: FailureKind,
  said: string,
  model: string,
): [message: string, hint: string] | null {
  switch (kind) {
    case "overloaded":
      return [
        `OpenAI is overloaded: ${said}`,
        "It is asked again in a minute; until then other sources are.",
      ];
    case "too_large":
      return [
        `The review does not fit ${model}: ${said}`,
        "Review a smaller change, or route this class to a model with a larger window.",
      ];
    case "refused":
      return [
        `OpenAI declined the request: ${said}`,
        "Route this class to another source, or have a person review the change.",
      ];
    default:
      return null;
  }
}
