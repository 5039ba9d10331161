/**
 * Reads of files that may not exist. A file in a folder that this user may not search counts as
 * absent; a file that exists but cannot be read throws.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { systemCodeOf } from "../errors.ts";
import type { GuardedText } from "../files.ts";

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsent(path, error)) return undefined;
    throw error;
  }
}

/** Content and permissions come from one open file, so that it cannot be replaced in between. */
export function readGuarded(path: string): GuardedText | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (isAbsent(path, error)) return undefined;
    throw error;
  }
  try {
    const { uid, mode } = fstatSync(descriptor);
    const text = readFileSync(descriptor, "utf8");
    return {
      text,
      alsoWrittenBy: othersThat(uid, mode, { all: 0o002, group: 0o020 }),
      alsoReadBy: othersThat(uid, mode, { all: 0o004, group: 0o040 }),
    };
  } finally {
    closeSync(descriptor);
  }
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
  const code = systemCodeOf(error);
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
  try {
    const found = statSync(path);
    return found.isDirectory() ? undefined : found.size;
  } catch (error) {
    if (isAbsent(path, error)) return undefined;
    throw error;
  }
}

export function readFrom(path: string, offset: number): Uint8Array | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    if (isAbsent(path, error)) return undefined;
    throw error;
  }
  try {
    const bytes = new Uint8Array(Math.max(0, fstatSync(descriptor).size - offset));
    const count = readSync(descriptor, bytes, 0, bytes.length, offset);
    return bytes.subarray(0, count);
  } finally {
    closeSync(descriptor);
  }
}
