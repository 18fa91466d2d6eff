import type { ResolvedModel } from "./catalog.js";
import { SourceFailure } from "./source.js";

/** Ids that a source said it does not have, for as long as this process lives: vendors retire models, and bring none back. */
const unknown = new Set<string>();
/** A source that knows none of these is asked no further. */
const mostTried = 4;

/**
 * Calls with the first of a model's ids that the source knows: providers refuse an unknown one before anything is
 * generated, so trying the next costs no quota.
 *
 * @param onUnknown told of each id that the source did not know
 * @throws SourceFailure `model_unknown` when it knows none of them, and whatever else `call` throws
 */
export async function withKnownId<T>(
  source: string,
  model: Pick<ResolvedModel, "id" | "also">,
  call: (id: string) => Promise<T>,
  onUnknown: (id: string, failure: SourceFailure) => void,
): Promise<T> {
  const ids = [model.id, ...model.also];
  const left = ids.filter((id) => !unknown.has(`${source} ${id}`)).slice(0, mostTried);
  let last: SourceFailure | null = null;
  for (const id of left.length > 0 ? left : [model.id]) {
    try {
      return await call(id);
    } catch (error) {
      if (!(error instanceof SourceFailure) || error.kind !== "model_unknown") throw error;
      unknown.add(`${source} ${id}`);
      last = error;
      onUnknown(id, error);
    }
  }
  throw (
    last ?? new SourceFailure("model_unknown", `${source} has no ${model.id}.`, "See its list of models.")
  );
}
