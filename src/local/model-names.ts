/** A model as a server lists it. */
export interface ListedModel {
  id: string;
  /** Other names the server takes for it. */
  aliases: readonly string[];
  /** Tokens, as the list says them; null where it does not. */
  context: number | null;
  /** Null where the server does not say. */
  loaded: boolean | null;
}

export interface ModelMatch {
  /** What to send to the server. */
  name: string;
  /** Its id in the server's list. */
  id: string;
  /** Set when it is not the configured name: what was taken instead, and why, for a person. */
  note: string | null;
}

/**
 * The listed model that a configured name means. Names of one model differ in case, publisher, quantisation and file
 * ending from server to server (`GLM-4.7-Flash-UD-Q4_K_XL`, `unsloth/GLM-4.7-Flash-GGUF`, `glm-4.7-flash`): another
 * name is taken only when it is the only one that can be meant, and the match says so.
 *
 * @param single whether the server has but one model and serves it under any name
 */
export function matchModel(
  configured: string,
  listed: readonly ListedModel[],
  single: boolean,
): ModelMatch | null {
  // A server that lists nothing decides by itself.
  if (listed.length === 0) return { name: configured, id: configured, note: null };
  const exact = listed.find(({ id, aliases }) => id === configured || aliases.includes(configured));
  if (exact) return { name: configured, id: exact.id, note: null };
  const wanted = bare(configured);
  const steps: ((name: string) => boolean)[] = [
    (name) => name.toLowerCase() === configured.toLowerCase(),
    (name) => bare(name) === wanted,
    (name) => bare(name).startsWith(`${wanted}-`) || wanted.startsWith(`${bare(name)}-`),
  ];
  for (const fits of steps) {
    const found = listed.filter(({ id, aliases }) => [id, ...aliases].some(fits));
    const [only] = found;
    if (only && found.length === 1)
      return instead(configured, only, "the only listed name that can be meant");
    if (found.length > 1) return null;
  }
  const [only] = listed;
  return single && only && listed.length === 1
    ? instead(configured, only, "the only model that this server has")
    : null;
}

/** The listed variant of a model with more context, by the ending of its name. */
export function largeVariant(model: string, listed: readonly ListedModel[]): ListedModel | null {
  const wanted = bare(model);
  return listed.find(({ id }) => /^-(large|long|128k)$/.test(bare(id).replace(wanted, ""))) ?? null;
}

function instead(configured: string, { id }: ListedModel, why: string): ModelMatch {
  return { name: id, id, note: `${configured} is not listed; ${id} is used, ${why}` };
}

/** Words at the end of a name that say how a file was made, and not which model it is. */
const packing =
  /^(?:ud|gguf|latest|i?q\d[a-z0-9]*|[msx]l?|[bf]?fp?(?:8|16|32)|int[48]|awq|gptq|mxfp4|nvfp4|mlx|[348]bit)$/;
/** The first word of `q4_k_xl`, `iq3_xxs`, `q8_0`: the others mean nothing by themselves. */
const bits = /^i?q\d[a-z0-9]*$/;
const mostPacking = 6;

/** A name without publisher, file ending and quantisation, in lower case. */
function bare(name: string): string {
  let text = name
    .toLowerCase()
    .slice(name.lastIndexOf("/") + 1)
    .replaceAll(":", "-");
  for (let rounds = 0; rounds < mostPacking; rounds++) {
    const at = packingAt(text);
    if (at === null) break;
    text = text.slice(0, at);
  }
  return text;
}

/** Where the last word on packing begins, with the mark before it; null for none. A name is never that alone. */
function packingAt(text: string): number | null {
  let end = text.length;
  for (let words = 0; words < 4; words++) {
    const at = Math.max(...["-", "_", "."].map((mark) => text.lastIndexOf(mark, end - 1)));
    if (at <= 0) return null;
    const word = text.slice(at + 1, end);
    if ((words === 0 ? packing : bits).test(word)) return at;
    if (text[at] !== "_") return null;
    end = at;
  }
  return null;
}
