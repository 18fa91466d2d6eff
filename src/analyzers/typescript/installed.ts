import { createHash } from "node:crypto";
import { type Dirent, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { posix, sep } from "node:path";
import * as z from "zod";
import { decode } from "../files.js";
import { root } from "./tree.js";

export const installedRequest = z.object({
  /** Work tree whose `node_modules` are read. */
  top: z.string(),
  /** What the lock files of both sides agree on, `name@version`, by the folder that a lock file is in. */
  locks: z.array(z.object({ folder: z.string(), packages: z.array(z.string()) })),
});
export type InstalledRequest = z.infer<typeof installedRequest>;

/** The `node_modules` folders of a work tree, read as data, under the names they would have below `root`. */
export interface Installed {
  /** Changes when something is installed or removed. */
  key: string;
  /** By the folder of a lock file (absolute, below `root`): what it installs. */
  locks: ReadonlyMap<string, ReadonlySet<string>>;
  /** Follows links; null for what does not exist or leads out of the work tree. */
  real(name: string): string | null;
  isFile(name: string): boolean;
  isFolder(name: string): boolean;
  folders(name: string): string[];
  read(name: string): string | undefined;
}

const fileLimit = 4 * 1024 * 1024;
/** Bytes of dependencies read for one state of `node_modules`: beyond, the rest counts as not installed. */
const totalLimit = 160 * 1024 * 1024;

type Kind = "file" | "folder";

/** The one asked for last: what is known of it stays true until something is installed. */
let kept: Installed | null = null;

/** Null when nothing is installed. `packages` are the folders that may have a `node_modules`, relative to the top. */
export function openInstalled(
  { top, locks }: InstalledRequest,
  packages: readonly string[],
): Installed | null {
  const key = stateOf(top, packages, locks);
  if (key === null || kept?.key === key) return key === null ? null : kept;
  let real: string;
  try {
    real = realpathSync.native(top);
  } catch {
    return null;
  }
  const disk = (name: string) => real + name.slice(root.length);
  /** A place on disk under its name below `root`, all links followed; null when it is outside. */
  const inside = (place: string): string | null => {
    try {
      const found = realpathSync.native(place);
      if (!found.startsWith(real + sep)) return null;
      return root + found.slice(real.length).replaceAll(sep, "/");
    } catch {
      return null;
    }
  };
  const links = new Map<string, string | null>();
  const packageOf = (name: string): string | null => {
    let target = links.get(name);
    if (target === undefined) {
      target = inside(disk(name));
      links.set(name, target);
    }
    return target;
  };
  const listings = new Map<string, ReadonlyMap<string, Kind> | null>();
  const listing = (folder: string): ReadonlyMap<string, Kind> | null => {
    let known = listings.get(folder);
    if (known === undefined) {
      known = list(disk(folder), (place) => inside(place) !== null);
      listings.set(folder, known);
    }
    return known;
  };
  const kindOf = (name: string) => listing(posix.dirname(name))?.get(posix.basename(name));
  let bytes = 0;
  const counted = new Set<string>();
  const installed: Installed = {
    key,
    locks: new Map(locks.map(({ folder, packages }) => [posix.join(root, folder), new Set(packages)])),
    real(name) {
      const [first = "", ...parts] = name.split("/node_modules/");
      let at = first;
      for (const part of parts) {
        const segments = part.split("/");
        const count = part.startsWith("@") && segments.length > 1 ? 2 : 1;
        const target = packageOf(`${at}/node_modules/${segments.slice(0, count).join("/")}`);
        if (target === null) return null;
        at = [target, ...segments.slice(count)].join("/");
      }
      return at;
    },
    isFile: (name) => kindOf(name) === "file",
    isFolder: (name) => listing(name) !== null,
    folders: (name) =>
      [...(listing(name) ?? [])].flatMap(([entry, kind]) => (kind === "folder" ? entry : [])),
    read(name) {
      try {
        const place = realpathSync.native(disk(name));
        if (!place.startsWith(real + sep)) return undefined;
        const { size } = lstatSync(place);
        if (kindOf(name) !== "file" || size > fileLimit) return undefined;
        if (!counted.has(name)) {
          if (bytes + size > totalLimit) return undefined;
          counted.add(name);
          bytes += size;
        }
        return decode(readFileSync(place)) ?? undefined;
      } catch {
        return undefined;
      }
    },
  };
  kept = installed;
  return installed;
}

/** Regular files and folders in a folder; links only to what is inside. */
function list(folder: string, isInside: (place: string) => boolean): ReadonlyMap<string, Kind> | null {
  let entries: Dirent[];
  try {
    // A `node_modules` folder that is itself a link out of the work tree is not followed.
    if (!isInside(folder)) return null;
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return null;
  }
  const found = new Map<string, Kind>();
  for (const entry of entries) {
    if (entry.isFile()) found.set(entry.name, "file");
    else if (entry.isDirectory()) found.set(entry.name, "folder");
    else if (entry.isSymbolicLink()) {
      const place = `${folder}/${entry.name}`;
      if (!isInside(place)) continue;
      const target = statSync(place, { throwIfNoEntry: false });
      if (target?.isFile()) found.set(entry.name, "file");
      else if (target?.isDirectory()) found.set(entry.name, "folder");
    }
  }
  return found;
}

/** What each package manager rewrites when it installs something. */
const marks = [
  "",
  "/.package-lock.json",
  "/.modules.yaml",
  "/.yarn-integrity",
  "/.yarn-state.yml",
  "/.bin",
  "/@types",
];

function stateOf(top: string, packages: readonly string[], locks: InstalledRequest["locks"]): string | null {
  const hash = createHash("sha1").update(JSON.stringify([top, locks]));
  let any = false;
  for (const folder of new Set(["", ...packages])) {
    for (const mark of marks) {
      const stat = statSync(`${top}/${folder}/node_modules${mark}`, { throwIfNoEntry: false });
      if (stat === undefined && mark === "") break;
      any = true;
      hash.update(`\0${folder}${mark} ${stat?.mtimeMs} ${stat?.ino}`);
    }
  }
  return any ? hash.digest("hex") : null;
}
