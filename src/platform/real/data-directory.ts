import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf, Problem } from "../errors.ts";
import type { Files } from "../files.ts";
import type { NodeKey } from "../node-key.ts";
import type { Random } from "../random.ts";
import { lockDirectory, type Release } from "./directory-lock.ts";
import { writeFileDurably } from "./durable-write.ts";
import { DirectoryFiles } from "./files.ts";
import { keyFiles } from "./key-files.ts";
import { storageAdvice, storageReason, systemCode } from "./storage-failures.ts";

/**
 * Other users may open what they know the name of (`node.json`, to ask for the status); secrets are
 * 0600.
 */
const DIRECTORY_MODE = 0o711;
const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** Says that a directory is ours, so that a wrong --data-dir never mixes with somebody's files. */
const MARKER_FILE = "tankd-data";
const MARKER = "This directory belongs to a tankd node. One node uses it at a time.\n";
/** The temporary file of a marker whose writing was cut short, or is under way elsewhere. */
const MARKER_LEFTOVER = /^tankd-data\.(?:[0-9a-f-]+\.)?tmp$/;
/** May be in a new directory: what a fresh file system has, and the log of a detached start. */
const HARMLESS_NAMES: ReadonlySet<string> = new Set(["lost+found", "tankd.log"]);

const KEY_FILE = "key";
const TOKEN_FILE = "token";
const PID_FILE = "pid";
/** A start writes its pid within milliseconds of its lock, or on a busy machine within this. */
const PID_LOOKS = 40;
const PID_LOOK_INTERVAL_MS = 10;
const NODE_FILE = "node.json";
const KEY_BYTES = 32;
const TOKEN_BYTES = 32;
/** What a token looks like: base64url, at least 128 bits. */
const TOKEN_FORM = /^[A-Za-z0-9_-]{22,512}$/;

/** What commands on this machine need to find the node. */
export interface NodeFile {
  readonly url: string;
  readonly node_id: string;
  readonly pid: number;
}

/** The data directory of the running node, locked against a second one. */
export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  /** Files below it, for snapshots and the like. */
  readonly files: Files;
  /** The node's Ed25519 key, made at the first start. */
  readonly key: NodeKey;
  /** The control token, made at the first start. */
  readonly token: string;
  /** Path of the store's file. */
  pathOf(name: string): string;
  /** Writes `node.json`. @throws Problem `data_directory_unusable` */
  announce(node: NodeFile): void;
  /** Takes `node.json` away. */
  retract(): void;
  /** Takes `node.json` away and gives up the lock. */
  close(): void;
}

/**
 * Makes a data directory, or checks that the one there is ours and takes writes. Does not lock it.
 * @throws Problem `data_directory_unusable`
 */
export function prepareDirectory(path: string): void {
  const directory = resolve(path);
  attempt(directory, () => {
    if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
    const names = readdirSync(directory);
    if (names.includes(MARKER_FILE)) return;
    const foreign = foreignNameIn(names);
    if (foreign !== undefined) {
      throw unusable(
        `${directory} is not a data directory of tankd (it holds ${foreign}): ` +
          "choose an empty or new one with --data-dir",
      );
    }
    // There is no lock before there is a directory of ours: ten may start in it at the same time.
    const temporary = join(directory, `${MARKER_FILE}.${randomUUID()}.tmp`);
    writeFileDurably(join(directory, MARKER_FILE), MARKER, PUBLIC_MODE, temporary);
  });
}

/**
 * Of the names in a directory one that says that it is not tankd's; undefined where it is, or may
 * become so.
 */
export function foreignNameIn(names: readonly string[]): string | undefined {
  // A node's own files are as good a sign as the marker, which somebody may have cleaned away.
  const isOurs = names.includes(KEY_FILE) && names.includes(TOKEN_FILE);
  if (isOurs || names.includes(MARKER_FILE)) return undefined;
  return names.find((name) => !isHarmless(name));
}

/**
 * Opens a data directory for the one node that may use it, making what is missing.
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
  // Left by a node that was killed; its address is not ours.
  rmSync(at(NODE_FILE), { force: true });
  const keySeed = secret(at(KEY_FILE), () => random.bytes(KEY_BYTES));
  if (keySeed.length !== KEY_BYTES) {
    throw unusable(`${at(KEY_FILE)} is damaged: restore it, or start on another --data-dir`);
  }
  const token = new TextDecoder().decode(secret(at(TOKEN_FILE), () => newToken(random))).trim();
  // An empty token would open the node to everybody.
  if (!TOKEN_FORM.test(token)) {
    throw unusable(`${at(TOKEN_FILE)} is damaged: remove it, and the next start makes a new one`);
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

/** On a disk that takes no writes any more it stays: whoever reads it finds no such process. */
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

/**
 * The content of a secret file, which is made when it is missing and closed to others when it is
 * not.
 */
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
 * The holder of the lock writes its pid a moment after it has taken the lock. Until then the file
 * holds that of a node that was killed, or nothing; in another container its pid means nothing
 * here.
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

/** Runs what touches the directory; whatever the system says becomes one sentence. */
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
