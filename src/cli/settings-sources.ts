import { resolve } from "node:path";
import type { ResolvedSettings, SettingSources, SettingsFile } from "../node/settings/resolve.ts";
import { resolveSettings } from "../node/settings/resolve.ts";
import type { SettingKey } from "../node/settings/table.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import type { GuardedText } from "../platform/files.ts";
import type { Host } from "./host.ts";
import { nearSettingsFilePath, settingsFilePaths } from "./node-access/directories.ts";

/** Raw values of settings that were given as flags. */
export type Flags = SettingSources["flags"];

/**
 * The settings of this invocation. If `keys` is given, only those are read, so that an invalid
 * setting of the node does not prevent commands from reaching it.
 */
export function settingsOf(
  host: Host,
  flags: Flags,
  keys?: readonly SettingKey[],
): ResolvedSettings {
  const sources: SettingSources = {
    flags,
    environment: host.environment,
    files: settingsFiles(host, flags.config ?? host.environment["TANKD_CONFIG"]),
    readSecret: (path, variable) => readSecret(host, path, variable),
  };
  return resolveSettings(sources, keys);
}

/** Content of a file with a secret; `origin` is the flag or variable that names it. */
export function readSecret(host: Host, path: string, origin: string): string {
  const absolute = resolve(host.workingDirectory, path);
  const text = orExplain(absolute, origin, () => host.readText(absolute));
  if (text === undefined) {
    throw new Problem("bad_setting", `${origin} names ${path}, and there is no such file.`);
  }
  return text;
}

/** Shorter secrets could be found by brute force, since anybody can observe a handshake. */
const CLUSTER_SECRET_BYTES_MIN = 16;
const CLUSTER_SECRET_BYTES_MAX = 4096;

/**
 * The secret of a cluster, without the white space around it.
 * @throws Problem `bad_setting` for a file that does not exist, that others can read or write, or
 *   whose content is too short or too long.
 */
export function readClusterSecret(host: Host, path: string): Uint8Array {
  const absolute = resolve(host.workingDirectory, path);
  const found = orExplain(absolute, "secret_file", () => host.readGuarded(absolute));
  if (found === undefined) {
    throw new Problem("bad_setting", `secret_file names ${path}, and there is no such file.`);
  }
  const others = found.alsoReadBy ?? found.alsoWrittenBy;
  if (others !== undefined) {
    throw new Problem(
      "bad_setting",
      `${path} contains the cluster's secret, but ${others} can read or write it: ` +
        "restrict its permissions (chown, chmod 600).",
    );
  }
  const secret = new TextEncoder().encode(found.text.trim());
  const { length } = secret;
  if (length >= CLUSTER_SECRET_BYTES_MIN && length <= CLUSTER_SECRET_BYTES_MAX) return secret;
  throw new Problem(
    "bad_setting",
    `${path} has ${length} bytes; the cluster's secret must have ${CLUSTER_SECRET_BYTES_MIN} to ` +
      `${CLUSTER_SECRET_BYTES_MAX}. To create one: head -c 32 /dev/urandom | base64`,
  );
}

/** What one run of the program has read: a pipe, as `--config <(…)` is, has its text once. */
const FILES_READ = new WeakMap<Host, Map<unknown, readonly SettingsFile[]>>();

function settingsFiles(host: Host, chosen: unknown): readonly SettingsFile[] {
  const read = FILES_READ.get(host) ?? new Map();
  FILES_READ.set(host, read);
  const files = read.get(chosen) ?? readSettingsFiles(host, chosen);
  read.set(chosen, files);
  return files;
}

/** The file given by --config, or the files that exist. */
function readSettingsFiles(host: Host, chosen: unknown): readonly SettingsFile[] {
  if (typeof chosen === "string" && chosen !== "") {
    const path = resolve(host.workingDirectory, chosen);
    const file = settingsFile(path, () => host.readGuarded(path));
    if (file !== undefined) return [file];
    throw new Problem("bad_setting", `--config names ${chosen}, and there is no such file.`);
  }
  const near = nearSettingsFilePath(host);
  const own = settingsFilePaths(host);
  const paths = own.includes(near) ? own : [near, ...own];
  return paths.flatMap((path) => {
    const file = settingsFile(path, () => host.readGuardedFile(path));
    if (file === undefined) return [];
    return [{ ...file, isOfWorkingDirectory: !own.includes(path) }];
  });
}

function settingsFile(path: string, read: () => GuardedText | undefined): SettingsFile | undefined {
  const found = orExplain(path, "the settings file", read);
  if (!found) return undefined;
  return { path, content: parseToml(path, found.text), alsoWrittenBy: found.alsoWrittenBy };
}

function orExplain<T>(path: string, origin: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Problem(
      "bad_setting",
      `${path} (${origin}) cannot be read: ${messageOf(error)}; make it readable or remove it.`,
      { cause: error },
    );
  }
}

function parseToml(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return Bun.TOML.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new Problem("bad_setting", `${path} is not valid TOML: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
