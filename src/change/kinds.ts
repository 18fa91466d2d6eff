import { byteStrings } from "./bytes.js";
import { diffedBlobLimit } from "./diff.js";
import { type ObjectStore, withTemporaryIndex } from "./object-store.js";
import type { ChangedFile, Objects, Skipped } from "./types.js";

/**
 * What counts as written by a machine, and so is shown to a reviewer as diff-stat and hash only. A file's author must
 * not be able to choose that: a name alone is enough only for lock files and installed packages; everything else
 * needs something that was already there at base (a header, the folder, an attribute), or content that says so too.
 */

type Generated = NonNullable<ChangedFile["generated"]>;

const lockFiles = new Set(
  `package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock Cargo.lock poetry.lock
  Pipfile.lock uv.lock pdm.lock pixi.lock composer.lock Gemfile.lock go.sum go.work.sum gradle.lockfile
  packages.lock.json paket.lock mix.lock rebar.lock pubspec.lock flake.lock Podfile.lock Package.resolved
  Cartfile.resolved conan.lock .terraform.lock.hcl MODULE.bazel.lock Chart.lock Manifest.toml.lock`.split(
    /\s+/,
  ),
);

const installed = /(?:^|\/)(?:node_modules|bower_components)\//;
/** Folders that hold build output or copies, when they were there at base. */
const outputFolder = /^(?:.*\/)?(?:dist|vendor|third_party|Pods|\.yarn\/(?:releases|plugins|cache))\//;
const outputFile = /\.(?:js|mjs|cjs|css|map|d\.ts|d\.mts|d\.cts|wasm|html)$/;
/** What a package manager leaves in a folder of copies. */
const vendorMarks = ["modules.txt", "autoload.php", "installed.json", "Manifest.lock"];

const minifiedName = /[.-]min\.(?:js|mjs|cjs|css)$/;
const sourceMap = /\.(?:js|mjs|cjs|css)\.map$/;
/** Names that a generator gives; the file must also say in its head that it is generated. */
const generatorName =
  /(?:\.pb\.(?:go|cc|h|ts|js|swift|dart)|\.pb\.gw\.go|_pb2(?:_grpc)?\.pyi?|_(?:grpc_)?pb\.(?:js|ts|d\.ts)|\.g\.(?:dart|cs|kt)|\.freezed\.dart|\.designer\.cs|\.generated\.\w+|_generated\.(?:go|rs|ts|h)|_gen\.go|_mock\.go|\.gen\.(?:go|ts))$|(?:^|\/)(?:__generated__\/|zz_generated[^/]*\.go$)/i;
const generatedHeader = [
  /^\s*(?:\/\/|#|\/\*+|\*|--|;|<!--)\s*Code generated .*DO NOT EDIT/im,
  /^\s*(?:\/\/|#|\/\*+|\*|--|;|<!--)?\s*@generated\b/m,
  /^\s*(?:\/\/|#|\/\*+|\*|--|;|<!--)\s*(?:This (?:file|code) (?:is|was) )?auto(?:matically)?[- ]?generated (?:by|from|with|using)\b/im,
  /^\s*(?:\/\/|#|\/\*+|\*|--|;|<!--)\s*(?:<auto-?generated\b|auto-?generated[\s.:!*/>-]*$)/im,
];

/** Also said of files that people go on to edit: Django's migrations, Sphinx's conf.py, a line about data. */
const generatedBy =
  /^\s*(?:\/\/|#|\/\*+|\*|--|;|<!--)\s*(?:(?:This (?:file|code) (?:is|was) )?generated (?:by|from|with|using)|auto-?generated)\b/im;
const leaveAlone =
  /\bdo not (?:hand[- ]?)?(?:edit|modify|change)\b|\bchanges (?:will|may) be (?:lost|overwritten)\b/i;

/** Bytes: of larger files the head is not looked at. */
const headerLimit = 1024 * 1024;
/** Files of base looked at to see whether a generator's kind of file was there. */
const precedents = 20;
/** Bytes of a binary file looked at to see whether it is text after all. */
const sampleLimit = 256 * 1024;
const sampleBatch = 200;

/** Fills `kind` and `generated` of the files in place; gives what is text but too large to be diffed. */
export async function classifyKinds(
  store: ObjectStore,
  baseTree: string,
  objects: Objects,
  files: readonly ChangedFile[],
  signal?: AbortSignal,
): Promise<Skipped[]> {
  await markUnshownBinaries(objects, files);
  const skipped = [
    ...(await largeTexts(store, files, signal)),
    ...(await maskedTexts(store, objects, files, signal)),
  ];
  const candidates = files.filter((file) => file.kind === "text" || file.kind === "binary");
  for (const file of candidates) mark(file, byName(file.path));
  await markByAttributes(store, baseTree, objects, candidates, signal);
  await markByFolder(objects, candidates);
  await markByContent(objects, candidates);
  return skipped;
}

function mark(file: ChangedFile, generated: Generated | null): void {
  if (generated === null || file.kind !== "text") return;
  file.kind = "generated";
  file.generated = generated;
}

function byName(path: string): Generated | null {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (lockFiles.has(name)) return "lock";
  return installed.test(path) ? "vendored" : null;
}

/** A pure rename or mode change has no diff that would say whether the file is binary. */
async function markUnshownBinaries(objects: Objects, files: readonly ChangedFile[]): Promise<void> {
  const silent = files.filter(
    (file) => file.kind === "text" && file.hunks.length === 0 && file.oldId === file.newId,
  );
  const contents = await objects.blobs(silent.flatMap(({ newId }) => newId ?? []));
  for (const file of silent) {
    const content = contents.get(file.newId ?? "");
    if (content !== undefined && !content.subarray(0, 8_000).includes(0)) continue;
    file.kind = "binary";
    file.added = null;
    file.deleted = null;
  }
}

/** git calls every large blob binary. Text hidden by its size has been seen by nobody: it is said to be skipped. */
async function largeTexts(
  store: ObjectStore,
  files: readonly ChangedFile[],
  signal?: AbortSignal,
): Promise<Skipped[]> {
  const binary = files.filter((file) => file.kind === "binary");
  const ids = [...new Set(binary.flatMap(({ oldId, newId }) => [oldId, newId].flatMap((id) => id ?? [])))];
  if (ids.length === 0) return [];
  const run = store.partial ? store.write : store.read;
  const input = ids.map((id) => `${id}\n`).join("");
  const { stdout } = await run(["cat-file", "--batch-check"], { input, signal, timeout: 120_000 });
  const large = new Map<string, number>();
  for (const line of stdout.toString("latin1").split("\n")) {
    const [id = "", , size] = line.split(" ");
    if (Number(size) > diffedBlobLimit) large.set(id, Number(size));
  }
  const skipped: Skipped[] = [];
  for (const file of binary) {
    for (const id of new Set([file.oldId, file.newId])) {
      const size = large.get(id ?? "");
      if (id === null || size === undefined) continue;
      const start = await run(["cat-file", "blob", id], { maxOutput: 8_000, truncate: true, signal });
      if (start.stdout.includes(0)) continue;
      skipped.push({
        path: file.path,
        reason: `text of ${size} bytes, above the limit of ${diffedBlobLimit}`,
      });
      break;
    }
  }
  return skipped;
}

/**
 * One NUL makes git call a file binary, and JavaScript, C or a shell runs it all the same: source that was hidden so
 * has been seen by nobody.
 */
async function maskedTexts(
  store: ObjectStore,
  objects: Objects,
  files: readonly ChangedFile[],
  signal?: AbortSignal,
): Promise<Skipped[]> {
  const skipped: Skipped[] = [];
  const run = store.partial ? store.write : store.read;
  const binary = files.filter(({ kind, newId }) => kind === "binary" && newId !== null);
  for (let at = 0; at < binary.length; at += sampleBatch) {
    const batch = binary.slice(at, at + sampleBatch);
    const small = await objects.blobs(
      batch.flatMap(({ newId }) => newId ?? []),
      sampleLimit,
    );
    for (const { path, newId } of batch) {
      const id = newId ?? "";
      const sample =
        small.get(id) ??
        (await run(["cat-file", "blob", id], { maxOutput: sampleLimit, truncate: true, signal })).stdout;
      if (!isMaskedText(sample)) continue;
      skipped.push({ path, reason: "text with NUL bytes in it: git shows it as binary, so nobody sees it" });
    }
  }
  return skipped;
}

/** Nearly all of it printable ASCII: formats that are binary by nature are far from that. */
function isMaskedText(content: Buffer): boolean {
  let nul = 0;
  let other = 0;
  for (const byte of content) {
    if (byte === 0) nul += 1;
    else if ((byte < 0x20 || byte > 0x7e) && (byte < 0x09 || byte > 0x0d)) other += 1;
  }
  return nul > 0 && nul * 50 < content.length && other * 10 < content.length;
}

/** `.gitattributes` of the base only: a change must not hide itself by adding an attribute. */
async function markByAttributes(
  store: ObjectStore,
  baseTree: string,
  objects: Objects,
  candidates: readonly ChangedFile[],
  signal?: AbortSignal,
): Promise<void> {
  // git refuses names that no checkout would make.
  const files = candidates.filter(({ path }) => !/(?:^|\/)\.{0,2}(?:\/|$)/.test(path));
  if (files.length === 0) return;
  // Attribute files are found without listing the tree: below the folders of what changed.
  const folders = new Set<string>([""]);
  for (const { path } of files) {
    for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1))
      folders.add(path.slice(0, at + 1));
  }
  const asked = [...folders].map((folder) => `${folder}.gitattributes`);
  const present: string[] = [];
  for (let at = 0; at < asked.length; at += 500) {
    const listed = await store.read(
      ["ls-tree", "-z", "--full-tree", baseTree, "--", ...asked.slice(at, at + 500)],
      {
        signal,
      },
    );
    present.push(...byteStrings(listed.stdout));
  }
  const ids = present
    .filter((record) => record.startsWith("100"))
    .map((record) => record.split(/[ \t]/)[2] ?? "");
  const contents = await objects.blobs(ids);
  if (![...contents.values()].some((content) => content.includes("linguist-"))) return;

  const values = await withTemporaryIndex(async (index) => {
    const env = { GIT_INDEX_FILE: index };
    const entries = Buffer.from(present.map((record) => `${record}\0`).join(""), "latin1");
    await store.read(["update-index", "-z", "--index-info"], { env, signal, input: entries });
    const input = Buffer.from(files.map(({ path }) => `${path}\0`).join(""));
    const args = ["check-attr", "--cached", "-z", "--stdin", "linguist-generated", "linguist-vendored"];
    return byteStrings((await store.read(args, { env, signal, input })).stdout);
  });
  // Two records of three pieces (path, attribute, value) per file, in the order asked.
  const isSet = (at: number) => values[at] === "set" || values[at] === "true";
  for (const [position, file] of files.entries()) {
    if (isSet(position * 6 + 2)) mark(file, "generated");
    else if (isSet(position * 6 + 5)) mark(file, "vendored");
  }
}

/** Build output and copies, in a folder that held such before the change. */
async function markByFolder(objects: Objects, files: readonly ChangedFile[]): Promise<void> {
  const inFolder = files.filter((file) => file.kind === "text" && outputFolder.test(file.path));
  if (inFolder.length === 0) return;
  const paths = (await objects.tree("base")).map(({ path }) => path);
  const marks = new Set(paths.filter((path) => vendorMarks.includes(path.slice(path.lastIndexOf("/") + 1))));
  for (const file of inFolder) {
    const folder = outputFolder.exec(file.path)?.[0] ?? "";
    if (folder.endsWith("dist/")) {
      const before =
        outputFile.test(file.path) && paths.some((path) => path.startsWith(folder) && outputFile.test(path));
      if (before) mark(file, "generated");
    } else if (folder.includes(".yarn/") || folder.endsWith("Pods/")) {
      if (paths.some((path) => path.startsWith(folder))) mark(file, "vendored");
    } else if ([...marks].some((path) => path.startsWith(folder))) {
      mark(file, "vendored");
    }
  }
}

/**
 * What a file says of itself counts when it said so at base too. Of a new file, a generator's name and header count
 * when base has files of that name and header: else an author could write both.
 */
async function markByContent(objects: Objects, files: readonly ChangedFile[]): Promise<void> {
  const texts = files.filter((file) => file.kind === "text");
  const read = (ids: readonly (string | null)[]) =>
    objects.blobs(
      ids.flatMap((id) => id ?? []),
      headerLimit,
    );
  const isNamed = ({ path }: ChangedFile) =>
    minifiedName.test(path) || sourceMap.test(path) || generatorName.test(path);
  const named = texts.filter(isNamed);
  const contents = await read(named.flatMap(({ newId, oldId }) => [newId, oldId]));
  const newKinds = new Map<string, boolean>();
  for (const file of named) {
    const sides = [file.oldId, file.newId].flatMap((id) => (id === null ? [] : [contents.get(id)]));
    if (generatorName.test(file.path)) {
      if (!sides.every(hasHeader)) continue;
      const kind = generatorKind(file.path);
      if (file.oldId === null && !newKinds.has(kind)) newKinds.set(kind, await isAtBase(objects, kind));
      mark(file, file.oldId === null && newKinds.get(kind) !== true ? null : "generated");
    } else mark(file, sides.every(isDense) ? "minified" : null);
  }
  const others = texts.filter((file) => !isNamed(file) && file.oldId !== null && file.hunks.length > 0);
  const before = await read(others.map(({ oldId }) => oldId));
  const kept = others.filter(({ oldId }) => hasHeader(before.get(oldId ?? "")));
  const after = await read(kept.map(({ newId }) => newId));
  for (const file of kept) {
    if (file.newId === null || hasHeader(after.get(file.newId))) mark(file, "generated");
  }
}

/** What a generator's name has in common: `.pb.go`, `__generated__/`. */
function generatorKind(path: string): string {
  const [found = ""] = generatorName.exec(path) ?? [];
  return found.includes("zz_generated") ? "zz_generated" : found.toLowerCase();
}

async function isAtBase(objects: Objects, kind: string): Promise<boolean> {
  const alike = (await objects.tree("base"))
    .filter(
      ({ path, mode }) => mode.startsWith("100") && generatorName.test(path) && generatorKind(path) === kind,
    )
    .slice(0, precedents);
  const contents = await objects.blobs(
    alike.map(({ id }) => id),
    headerLimit,
  );
  return [...contents.values()].some(hasHeader);
}

/** Lines of more than 110 characters on average, as GitHub's linguist has it. */
function isDense(content: Buffer | undefined): boolean {
  if (content === undefined) return false;
  let lines = 1;
  for (const byte of content) if (byte === 0x0a) lines += 1;
  return content.length / lines > 110;
}

function hasHeader(content: Buffer | undefined): boolean {
  if (content === undefined) return false;
  const head = content.toString("utf8", 0, 4_096).split("\n", 20).join("\n");
  if (generatedHeader.some((pattern) => pattern.test(head))) return true;
  return generatedBy.test(head) && leaveAlone.test(head);
}
