import { join } from "node:path";
import type { Host } from "./host.ts";

/** Of root, and of a node installed as a service. */
export const SYSTEM_DATA_DIRECTORY = "/var/lib/tankd";

/**
 * Where XDG puts state that outlives a run. An XDG path that is not absolute is ignored, as its
 * specification says.
 */
function userDataDirectory(host: Host): string {
  return join(absoluteOr(host, "XDG_STATE_HOME", ".local/state"), "tankd");
}

/** The data directory of a node that was told none. */
export function defaultDataDirectory(host: Host): string {
  return host.isRoot && !host.environment["XDG_STATE_HOME"]
    ? SYSTEM_DATA_DIRECTORY
    : userDataDirectory(host);
}

/** Where a command looks for a running node, in order. */
export function candidateDataDirectories(host: Host, given: string | undefined): readonly string[] {
  if (given !== undefined) return [given];
  return [userDataDirectory(host), SYSTEM_DATA_DIRECTORY];
}

const SETTINGS_FILE = "tankd.toml";

/** Where the settings of this user and of the machine may lie, the strongest first. */
export function settingsFilePaths(host: Host): readonly string[] {
  const ofUser = join(absoluteOr(host, "XDG_CONFIG_HOME", ".config"), "tankd");
  return [ofUser, "/etc/tankd"].map((folder) => join(folder, SETTINGS_FILE));
}

/** A settings file of the directory that somebody stands in; it is the strongest. */
export function nearSettingsFilePath(host: Host): string {
  return join(host.workingDirectory, SETTINGS_FILE);
}

function absoluteOr(host: Host, variable: string, belowHome: string): string {
  const value = host.environment[variable];
  return value?.startsWith("/") ? value : join(host.homeDirectory, belowHome);
}
