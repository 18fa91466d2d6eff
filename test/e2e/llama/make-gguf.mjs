// Writes a tiny llama-architecture GGUF (v3, F32) of random weights, with an ASCII and byte-fallback vocabulary and a
// chat template that knows `enable_thinking`. 1.7 MB. It says random words: what it is good for is the transport, the
// grammar, the limits and the errors of a real llama.cpp.
import { writeFileSync } from "node:fs";

const embedding = 128;
const layers = 2;
const heads = 4;
const feedForward = 256;
const contextLength = 131_072;

/** @param {string} file where to write it */
export function makeGguf(file) {
  const vocabulary = makeVocabulary();
  const tensors = makeTensors(vocabulary);
  const fields = makeFields(vocabulary);
  let offset = 0;
  const infos = tensors.map(({ name, dims, data }) => {
    const info = Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(0), u64(offset)]);
    offset += padded(data.length);
    return info;
  });
  const head = Buffer.concat([
    Buffer.from("GGUF"),
    u32(3),
    u64(tensors.length),
    u64(fields.length),
    ...fields,
    ...infos,
  ]);
  const bodies = tensors.map(({ data }) =>
    Buffer.concat([data, Buffer.alloc(padded(data.length) - data.length)]),
  );
  writeFileSync(file, Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length), ...bodies]));
}

const normal = 1;
const unknown = 2;
const control = 3;
const userDefined = 4;
const byte = 6;

function makeVocabulary() {
  const tokens = [];
  const add = (token, type = normal, score = -10) => tokens.push({ token, type, score }) - 1;
  add("<unk>", unknown, 0);
  const bos = add("<s>", control, 0);
  const eos = add("</s>", control, 0);
  const special = ["<|system|>", "<|user|>", "<|assistant|>", "<|observation|>", "[gMASK]", "<sop>"];
  for (const token of special) add(token, control, 0);
  for (const token of ["<think>", "</think>"]) add(token, userDefined, 0);
  for (let value = 0; value < 256; value++) {
    add(`<0x${value.toString(16).toUpperCase().padStart(2, "0")}>`, byte, 0);
  }
  for (let code = 32; code < 127; code++) add(code === 32 ? "▁" : String.fromCharCode(code));
  for (const word of "the file code error test function return true false null summary list path line".split(
    " ",
  )) {
    add(word, normal, -1);
    add(`▁${word}`, normal, -1);
  }
  return { tokens, bos, eos };
}

function makeFields({ tokens, bos, eos }) {
  const field = (key, type, value) => Buffer.concat([text(key), u32(type), value]);
  const string = (key, value) => field(key, 8, text(value));
  const number = (key, value) => field(key, 4, u32(value));
  const flag = (key, value) => field(key, 7, Buffer.from([value ? 1 : 0]));
  const list = (key, type, values, encode) =>
    field(key, 9, Buffer.concat([u32(type), u64(values.length), ...values.map(encode)]));
  return [
    string("general.architecture", "llama"),
    string("general.name", "tiny-random"),
    number("general.file_type", 0),
    number("llama.context_length", contextLength),
    number("llama.embedding_length", embedding),
    number("llama.block_count", layers),
    number("llama.feed_forward_length", feedForward),
    number("llama.attention.head_count", heads),
    number("llama.attention.head_count_kv", heads),
    field("llama.attention.layer_norm_rms_epsilon", 6, f32(1e-5)),
    number("llama.rope.dimension_count", embedding / heads),
    number("llama.vocab_size", tokens.length),
    string("tokenizer.ggml.model", "llama"),
    string("tokenizer.ggml.pre", "default"),
    list("tokenizer.ggml.tokens", 8, tokens, ({ token }) => text(token)),
    list("tokenizer.ggml.scores", 6, tokens, ({ score }) => f32(score)),
    list("tokenizer.ggml.token_type", 5, tokens, ({ type }) => u32(type)),
    number("tokenizer.ggml.bos_token_id", bos),
    number("tokenizer.ggml.eos_token_id", eos),
    number("tokenizer.ggml.unknown_token_id", 0),
    flag("tokenizer.ggml.add_bos_token", true),
    flag("tokenizer.ggml.add_space_prefix", false),
    string(
      "tokenizer.chat_template",
      "[gMASK]<sop>{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|assistant|>{% if enable_thinking is defined and not enable_thinking %}</think>{% else %}<think>{% endif %}{% endif %}",
    ),
  ];
}

function makeTensors({ tokens, eos }) {
  let seed = 42;
  const random = () => {
    seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
    return (seed / 2 ** 32 - 0.5) * 0.3;
  };
  const tensor = (name, dims, value) => {
    const values = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
    for (let at = 0; at < values.length; at++) values[at] = value(at);
    return { name, dims, data: Buffer.from(values.buffer) };
  };
  const one = () => 1;
  // A constant in the first channel makes the first weight of each output row that token's bias.
  const found = [
    tensor("token_embd.weight", [embedding, tokens.length], (at) => (at % embedding === 0 ? 4 : random())),
  ];
  for (let layer = 0; layer < layers; layer++) {
    const add = (name, dims, value) => found.push(tensor(`blk.${layer}.${name}.weight`, dims, value));
    add("attn_norm", [embedding], one);
    for (const name of ["attn_q", "attn_k", "attn_v", "attn_output"])
      add(name, [embedding, embedding], random);
    add("ffn_norm", [embedding], one);
    add("ffn_gate", [embedding, feedForward], random);
    add("ffn_up", [embedding, feedForward], random);
    add("ffn_down", [feedForward, embedding], random);
  }
  found.push(
    tensor("output_norm.weight", [embedding], one),
    tensor("output.weight", [embedding, tokens.length], (at) =>
      at % embedding === 0 ? bias(tokens[at / embedding], at / embedding === eos) : random(),
    ),
  );
  return found;
}

/** Words and ends are likely, so that strings and answers end soon; bytes and control tokens never come. */
function bias({ token, type }, isEnd) {
  if (isEnd) return 0.55;
  if (type !== normal) return -3;
  if ('"}],'.includes(token)) return 0.55;
  if (/^[0-9]$/.test(token)) return 0.25;
  if (/^▁?[a-z]{2,}$/.test(token)) return 0.45;
  return /^[a-z▁]$/.test(token) ? 0.1 : -0.2;
}

function padded(length) {
  return Math.ceil(length / 32) * 32;
}

function u32(value) {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

function u64(value) {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

function f32(value) {
  const buffer = Buffer.alloc(4);
  buffer.writeFloatLE(value);
  return buffer;
}

function text(value) {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([u64(bytes.length), bytes]);
}
