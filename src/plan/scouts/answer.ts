import { writeFile } from "node:fs/promises";
import { messageOf } from "../../errors.js";
import type { Project } from "../../flow/project.js";
import type { Sluice } from "../../sluice.js";
import { digestOf, markdownOf } from "./digest.js";
import type { ScoutRun } from "./run.js";
import type { ScoutOutput } from "./scout-schema.js";

/** Bytes of JSON that an answer has at most; a result may have 9,000 with what is put around it. */
const answerLimit = 8_400;
/** What of the room texts get, tried in turn. */
const sizes = [1, 0.85, 0.7, 0.55, 0.4, 0.25, 0.12];

/** A run as a tool gives it: short, with all of it in a file where not all fits. */
export async function scoutAnswer(run: ScoutRun, project: Project, sluice: Sluice): Promise<ScoutOutput> {
  const whole = digestOf(run).text;
  let report: string | null = null;
  let answer = shortened(run, 1, null);
  if (answer.left > 0 || size(answer.output) > answerLimit) {
    report = await keepReport(run, whole, project, sluice);
    for (const share of sizes) {
      answer = shortened(run, share, report);
      if (size(answer.output) <= answerLimit) break;
    }
  }
  return answer.output;
}

function shortened(
  run: ScoutRun,
  share: number,
  report: string | null,
): { output: ScoutOutput; left: number } {
  const telling = run.scouts.filter(({ findings }) => findings.length > 0).length;
  // One scout tells by itself; several are worth putting together.
  const forDigest = Math.round((telling <= 1 ? 1_600 : 3_200) * share);
  const forEach = Math.round((telling <= 1 ? 5_400 : 3_600 / Math.max(1, telling)) * share);
  const mostFiles = Math.max(3, Math.round((telling <= 1 ? 20 : 6) * share));
  let left = 0;
  const scouts = run.scouts.map((result) => {
    const { text, left: out } = markdownOf(result, forEach);
    left += out;
    const notes = [result.why, ...result.notes].filter((note) => note !== null).join("; ");
    return {
      name: result.name,
      state: result.state,
      cached: result.cached,
      age_s: result.age_s,
      findings: text,
      relevant_files: result.relevantFiles.slice(0, mostFiles),
      why: notes === "" ? null : notes.slice(0, 300),
      dropped: result.dropped,
    };
  });
  const { text } = digestOf(run, forDigest);
  return {
    output: {
      scouts,
      digest: text,
      report,
      head: run.head,
      notes: run.notes.slice(0, 5).map((note) => note.slice(0, 200)),
    },
    left,
  };
}

async function keepReport(
  run: ScoutRun,
  text: string,
  project: Project,
  sluice: Sluice,
): Promise<string | null> {
  const name = `scouts-${sluice.clock()}-${crypto.randomUUID().slice(0, 8)}.md`;
  const states = run.scouts.map(
    ({ name: scout, state, cached, age_s, why }) =>
      `- ${scout}: ${state}${cached ? `, kept for ${age_s} s` : ""}${why === null ? "" : `: ${why}`}`,
  );
  try {
    const file = project.store.resultFile(name);
    await writeFile(file, `${text}\n\n## Scouts\n${states.join("\n")}\n`, { mode: 0o600, flag: "wx" });
    return file;
  } catch (error) {
    sluice.log(`the scouts' report could not be kept: ${messageOf(error)}`);
    return null;
  }
}

function size(output: ScoutOutput): number {
  return Buffer.byteLength(JSON.stringify(output));
}
