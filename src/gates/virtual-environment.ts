import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Change } from "../change/types.js";

const folders = [".venv", "venv"];

/**
 * Where a virtual environment in the project has its programs. One that is part of the tree is left out: a change
 * could put any program there under the name of a trusted one.
 */
export async function programFolders(change: Change): Promise<string[]> {
  const tracked = new Set((await change.objects.tree("head")).map((entry) => entry.path.split("/")[0]));
  const programs = process.platform === "win32" ? "Scripts" : "bin";
  const found: string[] = [];
  for (const folder of folders) {
    const path = join(change.repository.root, folder, programs);
    const isFolder = await stat(path).then(
      (stats) => stats.isDirectory(),
      () => false,
    );
    if (isFolder && !tracked.has(folder)) found.push(path);
  }
  return found;
}
