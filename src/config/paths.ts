import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Sluice } from "../sluice.js";

/**
 * Where the user's own files of Sluice are: `$XDG_CONFIG_HOME/sluice`, else `~/.config/sluice`. A relative
 * XDG_CONFIG_HOME is ignored, as the XDG Base Directory Specification asks.
 */
export function configurationFolder(sluice: Sluice): string {
  const xdg = sluice.env.XDG_CONFIG_HOME;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "sluice");
  const home = sluice.env.HOME ?? sluice.env.USERPROFILE ?? "";
  return join(isAbsolute(home) ? home : homedir(), ".config", "sluice");
}

/**
 * Where what Sluice keeps for all repositories of a user is: `$XDG_STATE_HOME/sluice`, else `~/.local/state/sluice`.
 */
export function stateFolder(sluice: Pick<Sluice, "env">): string {
  const xdg = sluice.env.XDG_STATE_HOME;
  if (xdg !== undefined && isAbsolute(xdg)) return join(xdg, "sluice");
  const home = sluice.env.HOME ?? sluice.env.USERPROFILE ?? "";
  return join(isAbsolute(home) ? home : homedir(), ".local", "state", "sluice");
}

/** The user's own configuration file. */
export function userConfigurationPath(sluice: Sluice): string {
  return join(configurationFolder(sluice), "config.json");
}
