import { resolve } from "node:path";
import type { ResolvedSettings, SettingSources, SettingsFile } from "../node/resolve-settings.ts";
import { resolveSettings } from "../node/resolve-settings.ts";
import type { SettingKey } from "../node/settings.ts";
import { messageOf, Problem } from "../platform/errors.ts";
import { settingsFilePaths } from "./directories.ts";
import type { Host } from "./host.ts";

/** Raw values of settings that were given as flags. */
export type Flags = SettingSources["flags"];

/**
 * The settings of this invocation. Only `keys` are read where they are given, so that a broken
 * setting of the node does not keep a command from speaking to it.
 */
export function settingsOf(
  host: Host,
  flags: Flags,
  keys?: readonly SettingKey[],
): ResolvedSettings {
  const sources: SettingSources = {
    flags,
    environment: host.environment,
    files: settingsFiles(host),
    readSecret: (path, variable) => readSecret(host, path, variable),
  };
  return resolveSettings(sources, keys);
}

/** Content of a file that holds a secret; `origin` is the flag or variable that names it. */
export function readSecret(host: Host, path: string, origin: string): string {
  const absolute = resolve(host.workingDirectory, path);
  const text = orExplain(absolute, origin, () => host.readText(absolute));
  if (text === undefined) {
    throw new Problem("bad_setting", `${origin} names ${path}, and there is no such file.`);
  }
  return text;
}

/** Shorter ones could be found by trying: the handshake shows anybody what to try them on. */
const CLUSTER_SECRET_BYTES_MIN = 16;
const CLUSTER_SECRET_BYTES_MAX = 4096;

/**
 * The secret of a cluster, without the white space around it.
 * @throws Problem `bad_setting` for a file that is not there, that others can read or write, or
 *   that holds too little or too much.
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
      `${path} holds the cluster's secret, and ${others} can read or write it: ` +
        "make it yours alone (chown, chmod 600).",
    );
  }
  const secret = new TextEncoder().encode(found.text.trim());
  const { length } = secret;
  if (length >= CLUSTER_SECRET_BYTES_MIN && length <= CLUSTER_SECRET_BYTES_MAX) return secret;
  throw new Problem(
    "bad_setting",
    `${path} holds ${length} bytes; the cluster's secret has ${CLUSTER_SECRET_BYTES_MIN} to ` +
      `${CLUSTER_SECRET_BYTES_MAX}. One is made by: head -c 32 /dev/urandom | base64`,
  );
}

function settingsFiles(host: Host): readonly SettingsFile[] {
  return settingsFilePaths(host).flatMap((path) => {
    const found = orExplain(path, "the settings file", () => host.readGuarded(path));
    if (!found) return [];
    const { text, alsoWrittenBy } = found;
    return [{ path, content: parseToml(path, text), alsoWrittenBy }];
  });
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
    throw new Problem("bad_setting", `${path} is no valid TOML: ${messageOf(error)}.`, {
      cause: error,
    });
  }
}
