import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { removeFile } from "./remove-file.ts";
import { systemCode } from "./storage-failures.ts";

/**
 * Replaces a small file whole and durably, with the given mode from the first byte on. Synchronous:
 * for the few files that a node needs before it can do anything else. Where others may write the
 * same file at the same time, each needs a temporary file of its own.
 */
export function writeFileDurably(
  path: string,
  content: Uint8Array | string,
  mode: number,
  temporary = `${path}.tmp`,
): void {
  removeFile(temporary);
  try {
    writeSynced(temporary, content, mode);
    renameSync(temporary, path);
  } catch (error) {
    // A full disk is not helped by half a file.
    removeFile(temporary);
    throw error;
  }
  syncDirectory(dirname(path));
}

function writeSynced(path: string, content: Uint8Array | string, mode: number): void {
  // `wx`: never through a link that somebody has put there.
  const file = openSync(path, "wx", mode);
  try {
    // The process's umask may have taken bits away.
    fchmodSync(file, mode);
    writeWhole(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a file that somebody wants to keep, as {@link writeFileDurably}. Unless it may be
 * replaced, one that is there already stays as it is. False when it did.
 */
export function writeKeptFile(path: string, content: Uint8Array, mayReplace: boolean): boolean {
  // Beside it may lie files of people: no name that one of them would have.
  const complete = `${path}.${process.pid}-${process.hrtime.bigint()}.tmp`;
  if (mayReplace) {
    writeFileDurably(path, content, keptMode(), complete);
    return true;
  }
  writeFileDurably(complete, content, keptMode(), `${complete}.tmp`);
  try {
    // Unlike a rename, a link never takes the place of a file.
    linkSync(complete, path);
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!NO_LINKS.has(systemCode(error)) || existsSync(path)) throw error;
    renameSync(complete, path);
  } finally {
    removeFile(complete);
  }
  syncDirectory(dirname(path));
  return true;
}

/** File systems without hard links say so in one of these ways (FAT, some network shares). */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

/** As this user has every new file: nothing of it is secret to the program. */
function keptMode(): number {
  return 0o666 & ~process.umask();
}

function writeWhole(file: number, content: Uint8Array): void {
  let done = 0;
  while (done < content.length) done += writeSync(file, content, done);
}

/**
 * Makes the names in a directory durable. Windows knows no such thing and makes it so by itself.
 */
export function syncDirectory(path: string): void {
  if (process.platform === "win32") return;
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
