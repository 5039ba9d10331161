/**
 * Reads of files that may not exist. A file in a folder that this user may not search counts as
 * absent; a file that exists but cannot be read throws.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
} from "node:fs";
import type { GuardedText } from "../files.ts";
import { systemCode } from "./storage-failures.ts";

export function readText(path: string): string | undefined {
  return orAbsent(path, () => readFileSync(path, "utf8"));
}

/** Content and permissions come from one open file, so that it cannot be replaced in between. */
export function readGuarded(path: string): GuardedText | undefined {
  return withOpen(path, guardedText);
}

/**
 * The same of a file that others may have put there. Throws for a pipe or a device, which may have
 * no end.
 */
export function readGuardedFile(path: string): GuardedText | undefined {
  const read = (descriptor: number) => {
    if (!fstatSync(descriptor).isFile()) throw new Error("it is no regular file");
    return guardedText(descriptor);
  };
  return withOpen(path, read, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
}

function guardedText(descriptor: number): GuardedText {
  const { uid, mode } = fstatSync(descriptor);
  return {
    text: readFileSync(descriptor, "utf8"),
    alsoWrittenBy: othersThat(uid, mode, { all: 0o002, group: 0o020 }),
    alsoReadBy: othersThat(uid, mode, { all: 0o004, group: 0o040 }),
  };
}

/** Windows has no such modes; there the folder's owner decides. */
function othersThat(
  owner: number,
  mode: number,
  may: { readonly all: number; readonly group: number },
): string | undefined {
  const self = process.getuid?.();
  if (self === undefined) return undefined;
  if (mode & may.all) return "every user of this machine";
  if (mode & may.group) return "a whole group of users";
  return owner === self || owner === 0 ? undefined : "another user";
}

function isAbsent(path: string, error: unknown): boolean {
  const code = systemCode(error);
  if (code === "ENOENT" || code === "ENOTDIR") return true;
  return code === "EACCES" && !canBeLookedFor(path);
}

function canBeLookedFor(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch {
    return false;
  }
}

export function sizeOf(path: string): number | undefined {
  const found = orAbsent(path, () => statSync(path));
  return found === undefined || found.isDirectory() ? undefined : found.size;
}

export function readFrom(path: string, offset: number): Uint8Array | undefined {
  return withOpen(path, (descriptor) => {
    const bytes = new Uint8Array(Math.max(0, fstatSync(descriptor).size - offset));
    const count = readSync(descriptor, bytes, 0, bytes.length, offset);
    return bytes.subarray(0, count);
  });
}

function withOpen<T>(
  path: string,
  read: (descriptor: number) => T,
  flags: number = constants.O_RDONLY,
): T | undefined {
  const descriptor = orAbsent(path, () => openSync(path, flags));
  if (descriptor === undefined) return undefined;
  try {
    return read(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function orAbsent<T>(path: string, look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (isAbsent(path, error)) return undefined;
    throw error;
  }
}
