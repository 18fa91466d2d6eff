// Draws docs/run.svg, the picture of a real run in the README: the first round of the demo, as it was printed just now.
//
//   npm run demo | node scripts/picture.mjs
import { readFileSync, writeFileSync } from "node:fs";

const columns = 104;
const printed = readFileSync(0, "utf8").split("\n");
const from = printed.findIndex((line) => line.startsWith("Round 1"));
const to = printed.findIndex((line, at) => at > from && line.startsWith("fingerprint_check"));
if (from === -1 || to === -1)
  throw new Error("this is not what the demo prints: npm run demo | node scripts/picture.mjs");
const lines = printed
  .slice(from, to)
  .map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line));

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const colour = (line) => {
  if (/^ {2}(certain|issues)/.test(line)) return "#ff7b72";
  if (/^ {2}likely/.test(line)) return "#e3b341";
  if (/^ {2}(passed|clean)/.test(line)) return "#7ee787";
  if (/^ {2}skipped|^ {8}/.test(line)) return "#8b949e";
  return /^\S/.test(line) ? "#79c0ff" : "#e6edf3";
};
const step = 18;
const width = columns * 7.9 + 32;
const height = lines.length * step + 32;
const rows = lines.map(
  (line, at) =>
    `  <text x="16" y="${28 + at * step}" fill="${colour(line)}" xml:space="preserve">${escaped(line)}</text>`,
);
writeFileSync(
  "docs/run.svg",
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="The pre-screen of an agent's change: what npm run demo prints">
  <rect width="100%" height="100%" rx="8" fill="#0d1117"/>
  <g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="13">
${rows.join("\n")}
  </g>
</svg>
`,
);
