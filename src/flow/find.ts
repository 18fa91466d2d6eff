import { UsageError } from "../errors.js";
import { isSpecId, parseFlowId } from "./ids.js";
import type { FlowFolder, FlowSpec, FlowTask } from "./types.js";

const mostNamed = 8;

/**
 * The spec or task that an id means: whole (`fn-1-add-login.2`), short (`fn-1`, `fn-1.2`), or by the tracker's name of
 * its spec in any case (`WOR-17`, `WOR-17.2`). What it is says `kind`.
 *
 * @throws UsageError that names what is near when there is none or more than one
 */
export function findFlowId(folder: FlowFolder, id: string): FlowSpec | FlowTask {
  const text = id.trim();
  const whole =
    folder.specs.find((spec) => spec.id === text) ?? folder.tasks.find((task) => task.id === text);
  if (whole !== undefined) return whole;
  const parsed = parseFlowId(text) ?? parseFlowId(text.toLowerCase());
  if (parsed === null)
    throw notThere(folder, id, `${JSON.stringify(id.slice(0, 200))} is not an id of flow-next's`);
  const specs = folder.specs.filter(
    (spec) =>
      spec.id === parsed.spec ||
      spec.id.startsWith(`${parsed.spec}-`) ||
      spec.tracker?.toLowerCase() === parsed.spec,
  );
  // A task may be there whose spec's JSON is broken.
  const names = new Set(specs.length > 0 ? specs.map((spec) => spec.id) : [parsed.spec]);
  if (names.size > 1) {
    throw new UsageError(
      `${text} could be ${[...names].slice(0, mostNamed).join(", ")}.`,
      "Pass the whole id of the one that is meant.",
    );
  }
  const [spec = parsed.spec] = names;
  const match =
    parsed.task === null ? specs[0] : folder.tasks.find((task) => task.id === `${spec}.${parsed.task}`);
  if (match !== undefined) return match;
  const missing = parsed.task === null ? `There is no spec ${text}` : `There is no task ${text}`;
  throw notThere(folder, id, missing);
}

function notThere(folder: FlowFolder, id: string, what: string): UsageError {
  const parsed = parseFlowId(id.trim().toLowerCase());
  const sameSpec = folder.tasks.filter(
    ({ spec }) => spec === parsed?.spec || spec.startsWith(`${parsed?.spec}-`),
  );
  const words = id
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 2);
  const similar = folder.specs.filter((spec) =>
    words.some((word) => `${spec.id} ${spec.title.toLowerCase()}`.includes(word)),
  );
  const open = folder.specs.filter((spec) => spec.status === "open");
  const near = [sameSpec, similar, open, folder.specs].find((list) => list.length > 0) ?? [];
  const broken = folder.problems.find(({ path }) => isSpecId(id) && path.includes(`/${id}`));
  const listed = near
    .slice(0, mostNamed)
    .map((item) => item.id)
    .join(", ");
  return new UsageError(
    broken === undefined
      ? `${what} in .flow.`
      : `${what} in .flow that can be read: ${broken.path}: ${broken.message}.`,
    near.length === 0
      ? "The folder has no specs yet."
      : `Pass one of: ${listed}${near.length > mostNamed ? ", …" : ""}.`,
  );
}
