import { byteStrings, textOf } from "./bytes.js";
import { git } from "./git.js";
import type { Repository } from "./types.js";

/** The filter drivers that the user configured; a repository can only ask for one by name, in its attributes. */
export async function filterDrivers(repository: Repository, signal?: AbortSignal): Promise<string[]> {
  const listed = await git(repository, ["config", "-z", "--name-only", "--get-regexp", "^filter\\."], {
    allowFailure: true,
    signal,
  });
  const names = byteStrings(listed.stdout).map((key) =>
    textOf(key)
      .replace(/^filter\./, "")
      .replace(/\.[^.]*$/, ""),
  );
  return [...new Set(names)];
}

/** Variables that switch drivers off for one call: `-c` cannot say a driver with "=" in its name. */
export function filtersOff(drivers: readonly string[]): Record<string, string> {
  const settings: Record<string, string> = {};
  let count = 0;
  for (const driver of drivers) {
    for (const [key, value] of [
      ["clean", ""],
      ["smudge", ""],
      ["process", ""],
      ["required", "false"],
    ] as const) {
      settings[`GIT_CONFIG_KEY_${count}`] = `filter.${driver}.${key}`;
      settings[`GIT_CONFIG_VALUE_${count}`] = value;
      count += 1;
    }
  }
  return count === 0 ? {} : { ...settings, GIT_CONFIG_COUNT: String(count) };
}
