import { removeMirrors } from "./mirror.js";
import { endWorkers } from "./workers.js";

/** Ends and removes all that was kept warm for the next analysis, which then starts cold. */
export async function coolDown(): Promise<void> {
  await Promise.all([endWorkers(), removeMirrors()]);
}
