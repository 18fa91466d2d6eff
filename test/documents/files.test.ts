import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { anchorsOf, filesIn, linksOf, readDocument, readDocuments, root } from "../support/documents.js";

const documents = readDocuments();

/** Paths in running text that are no file of this repository, by page or by name. */
const foreignPaths: readonly RegExp[] = [
  /[*<…]/, // a pattern
  /:\d+$/, // a line of a measured repository
  /^\[/, // a reference in a drafted spec
  /^docs\/(?:idea|CONTRIBUTING)\.md$/,
  /^tools\/list$/, // a request of MCP
  /^src\/(?:greet|x|catalog\/search)\.ts$/,
  /^scripts\/(?:flowctl$|ralph\/)/, // of flow-next's plugin, of a project that has its loop
  /^scripts\/lint\.mjs$/, // of a user's project
  /^eval\/results\//, // made by the evaluation
];

describe("what the documents name", () => {
  it("leads somewhere: links and their anchors", () => {
    const wrong = documents.flatMap((document) =>
      linksOf(document).flatMap(({ line, target }) => {
        if (/^https?:/.test(target)) return [];
        const [path = "", anchor] = target.split("#");
        const file = path === "" ? document.name : join(dirname(document.name), path);
        if (!existsSync(join(root, file))) return [`${document.name}:${line} ${target}`];
        if (anchor === undefined) return [];
        const page = readDocument(file, readFileSync(join(root, file), "utf8"));
        return anchorsOf(page).has(anchor) ? [] : [`${document.name}:${line} ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("is there: pages that a text or the program refers to", () => {
    const texts = [
      ...documents.map(({ name, prose }) => ({ name, text: prose })),
      ...filesIn(["src", "tools", "prompts", "plugin", "scripts"]),
    ];
    const wrong = texts.flatMap(({ name, text }) =>
      [...text.matchAll(/(?<![\w/])docs\/[\w-]+\.md/g)]
        .map(([page]) => page)
        .filter((page) => !foreignPaths.some((one) => one.test(page)) && !existsSync(join(root, page)))
        .map((page) => `${name}: ${page}`),
    );
    expect(wrong).toEqual([]);
  });

  it("is there: files and folders of this repository", () => {
    const ours = /^(?:src|test|tools|prompts|scripts|bench|eval|schema|plugin|\.claude-plugin)\//;
    const wrong = documents.flatMap(({ name, spans }) =>
      spans
        .filter(({ text }) => ours.test(text) && !text.includes(" "))
        .filter(({ text }) => !foreignPaths.some((one) => one.test(text)) && !existsSync(join(root, text)))
        .map(({ line, text }) => `${name}:${line} ${text}`),
    );
    // These two pages name files by the end of their path, too.
    const all = filesIn(["src", "tools", "test", "scripts"]).map((file) => `/${file.name}`);
    const house = documents.filter(({ name }) => /architecture|contributing/.test(name));
    const short = house.flatMap(({ name, spans }) =>
      spans
        .filter(
          ({ text }) => /^[\w/-]+\.(?:ts|mjs)$/.test(text) && !all.some((file) => file.endsWith(`/${text}`)),
        )
        .map(({ line, text }) => `${name}:${line} ${text}`),
    );
    expect([...wrong, ...short]).toEqual([]);
  });

  it("has the picture of the house as it is", () => {
    const [picture] = documents.find(({ name }) => name === "docs/architecture.md")?.blocks ?? [];
    const rooms = (picture?.lines ?? []).flatMap((line) => /^(\S+\/)\s/.exec(line)?.[1] ?? []);
    expect(rooms.filter((room) => !existsSync(join(root, room)))).toEqual([]);
    const folders = readdirSync(join(root, "src")).filter((one) =>
      statSync(join(root, "src", one)).isDirectory(),
    );
    expect(folders.map((one) => `src/${one}/`).filter((one) => !rooms.includes(one))).toEqual([]);
  });
});
