import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf, Problem } from "../errors.ts";
import type { Files } from "../files.ts";
import type { NodeKey } from "../node-key.ts";
import type { Random } from "../random.ts";
import { lockDirectory, type Release } from "./directory-lock.ts";
import { writeFileDurably } from "./durable-write.ts";
import { DirectoryFiles } from "./files.ts";
import { keyFiles } from "./key-files.ts";
import { makeDirectory } from "./make-directory.ts";
import { storageAdvice, storageReason, systemCode } from "./storage-failures.ts";

/** Other users may open files by name (`node.json`, to query the status); secrets are 0600. */
const DIRECTORY_MODE = 0o711;
const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** Marks a directory as tankd's, so that a wrong --data-dir is never mixed with other files. */
const MARKER_FILE = "tankd-data";
const MARKER = "This directory belongs to a tankd node. One node uses it at a time.\n";
/** The temporary file of a marker whose write was interrupted, or is in progress elsewhere. */
const MARKER_LEFTOVER = /^tankd-data\.(?:[0-9a-f-]+\.)?tmp$/;
/**
 * Files that a new directory may contain: of a fresh file system, and the log of a detached start.
 */
const HARMLESS_NAMES: ReadonlySet<string> = new Set(["lost+found", "tankd.log"]);

const KEY_FILE = "key";
const TOKEN_FILE = "token";
const PID_FILE = "pid";
/**
 * A start writes its pid within milliseconds after the lock; on a busy machine within this time.
 */
const PID_LOOKS = 40;
const PID_LOOK_INTERVAL_MS = 10;
const NODE_FILE = "node.json";
const KEY_BYTES = 32;
const TOKEN_BYTES = 32;
/** The form of a token: base64url, at least 128 bits. */
const TOKEN_FORM = /^[A-Za-z0-9_-]{22,512}$/;

/** Data for commands on this machine to find the node. */
export interface NodeFile {
  readonly url: string;
  readonly node_id: string;
  readonly pid: number;
  /** Of Linux: a pid names another process outside of it. */
  readonly pid_namespace: string | undefined;
}

/** The data directory of the running node, locked against a second one. */
export interface DataDirectory {
  /** An absolute path. */
  readonly path: string;
  /** Files below it, such as snapshots. */
  readonly files: Files;
  /** The node's Ed25519 key, created at the first start. */
  readonly key: NodeKey;
  /** The control token, created at the first start. */
  readonly token: string;
  /** Path of the store's file. */
  pathOf(name: string): string;
  /** Writes `node.json`. @throws Problem `data_directory_unusable` */
  announce(node: NodeFile): void;
  /** Removes `node.json`. */
  retract(): void;
  /** Removes `node.json` and releases the lock. */
  close(): void;
}

/**
 * Creates a data directory, or checks that an existing one is tankd's and writable. Does not lock
 * it.
 * @throws Problem `data_directory_unusable`
 */
export function prepareDirectory(path: string): void {
  const directory = resolve(path);
  attempt(directory, () => {
    if (!existsSync(directory)) makeDirectory(directory, DIRECTORY_MODE);
    const names = readdirSync(directory);
    if (names.includes(MARKER_FILE)) return;
    const foreign = foreignNameIn(names);
    if (foreign !== undefined) {
      throw unusable(
        `${directory} is not a data directory of tankd (it contains ${foreign}): ` +
          "choose an empty or new one with --data-dir",
      );
    }
    // The lock requires the directory, so concurrent starts may create it at the same time.
    const temporary = join(directory, `${MARKER_FILE}.${randomUUID()}.tmp`);
    writeFileDurably(join(directory, MARKER_FILE), MARKER, PUBLIC_MODE, temporary);
  });
}

/**
 * A file name that shows that a directory is not tankd's; undefined where it is, or may become so.
 */
export function foreignNameIn(names: readonly string[]): string | undefined {
  // A node's own files are as good as the marker, which may have been deleted.
  const isOurs = names.includes(KEY_FILE) && names.includes(TOKEN_FILE);
  if (isOurs || names.includes(MARKER_FILE)) return undefined;
  return names.find((name) => !isHarmless(name));
}

/**
 * Opens a data directory for the only node that may use it; creates what is missing.
 * @throws Problem `data_directory_unusable` or `data_directory_in_use`
 */
export function openDataDirectory(path: string, random: Random): DataDirectory {
  const directory = resolve(path);
  prepareDirectory(directory);
  const release = attempt(directory, () => lockDirectory(directory));
  if (!release) throw inUse(directory);
  try {
    return attempt(directory, () => openLocked(directory, random, release));
  } catch (error) {
    release();
    throw error;
  }
}

function openLocked(directory: string, random: Random, release: Release): DataDirectory {
  const at = (name: string) => join(directory, name);
  writeFileDurably(at(PID_FILE), String(process.pid), PUBLIC_MODE);
  // Left by a node that was killed; its address is not valid for this one.
  rmSync(at(NODE_FILE), { force: true });
  const keySeed = secret(at(KEY_FILE), () => random.bytes(KEY_BYTES));
  if (keySeed.length !== KEY_BYTES) {
    throw unusable(`${at(KEY_FILE)} is damaged: restore it, or start on another --data-dir`);
  }
  const token = new TextDecoder().decode(secret(at(TOKEN_FILE), () => newToken(random))).trim();
  // An empty token would authorise everybody.
  if (!TOKEN_FORM.test(token)) {
    throw unusable(`${at(TOKEN_FILE)} is damaged: remove it, and the next start creates a new one`);
  }
  const retract = () => {
    for (const name of [NODE_FILE, PID_FILE]) withdraw(at(name));
  };
  return {
    path: directory,
    files: new DirectoryFiles(directory),
    key: keyFiles(at(KEY_FILE)),
    token,
    pathOf: at,
    announce: (node) =>
      attempt(directory, () =>
        writeFileDurably(at(NODE_FILE), `${JSON.stringify(node)}\n`, PUBLIC_MODE),
      ),
    retract,
    close: () => {
      try {
        retract();
      } finally {
        release();
      }
    },
  };
}

/** On a read-only disk the file stays; its readers find no such process. */
function withdraw(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (storageReason(error) === undefined) throw error;
  }
}

function newToken(random: Random): Uint8Array {
  const token = random.bytes(TOKEN_BYTES).toBase64({ alphabet: "base64url", omitPadding: true });
  return new TextEncoder().encode(token);
}

/** The content of a secret file. Creates it when it is missing, and restricts its mode. */
function secret(path: string, make: () => Uint8Array): Uint8Array {
  if (!existsSync(path)) writeFileDurably(path, make(), SECRET_MODE);
  chmodSync(path, SECRET_MODE);
  return new Uint8Array(readFileSync(path));
}

function isHarmless(name: string): boolean {
  return HARMLESS_NAMES.has(name) || MARKER_LEFTOVER.test(name);
}

function inUse(directory: string): Problem {
  return new Problem(
    "data_directory_in_use",
    `another node${pidIn(directory)} runs on ${directory}: stop it, or choose another --data-dir`,
  );
}

/**
 * The holder of the lock writes its pid a moment after locking. Until then the file contains that
 * of a killed node, or nothing. A pid from another container has no meaning here.
 */
function pidIn(directory: string): string {
  for (let looks = PID_LOOKS; looks > 0; looks--) {
    const pid = readPid(directory);
    if (pid !== undefined && isAlive(pid)) return ` (pid ${pid})`;
    Bun.sleepSync(PID_LOOK_INTERVAL_MS);
  }
  return "";
}

function readPid(directory: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(directory, PID_FILE), "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** Runs an operation on the directory; converts errors of the system to one sentence. */
function attempt<T>(directory: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof Problem) throw error;
    const why = storageAdvice(error) ?? messageOf(error);
    throw unusable(`${directory} cannot be used as data directory: ${why}`, error);
  }
}

function unusable(message: string, cause?: unknown): Problem {
  return new Problem("data_directory_unusable", message, { cause });
}
