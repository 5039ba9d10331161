import { join } from "node:path";
import type { Host } from "../host.ts";

/** The data directory of root, and of a node installed as a service. */
export const SYSTEM_DATA_DIRECTORY = "/var/lib/tankd";

/** The XDG state directory. A relative path is ignored, as the XDG specification requires. */
function userDataDirectory(host: Host): string {
  return join(absoluteOr(host, "XDG_STATE_HOME", ".local/state"), "tankd");
}

/** The default data directory of a node. */
export function defaultDataDirectory(host: Host): string {
  return host.isRoot && !host.environment["XDG_STATE_HOME"]
    ? SYSTEM_DATA_DIRECTORY
    : userDataDirectory(host);
}

/** The directories in which a command looks for a running node, in order. */
export function candidateDataDirectories(host: Host, given: string | undefined): readonly string[] {
  if (given !== undefined) return [given];
  return [userDataDirectory(host), SYSTEM_DATA_DIRECTORY];
}

const SETTINGS_FILE = "tankd.toml";

/** Paths of the settings files of this user and of the machine, highest precedence first. */
export function settingsFilePaths(host: Host): readonly string[] {
  const ofUser = join(absoluteOr(host, "XDG_CONFIG_HOME", ".config"), "tankd");
  return [ofUser, "/etc/tankd"].map((folder) => join(folder, SETTINGS_FILE));
}

/** The settings file in the working directory, which has the highest precedence. */
export function nearSettingsFilePath(host: Host): string {
  return join(host.workingDirectory, SETTINGS_FILE);
}

function absoluteOr(host: Host, variable: string, belowHome: string): string {
  const value = host.environment[variable];
  return value?.startsWith("/") ? value : join(host.homeDirectory, belowHome);
}
