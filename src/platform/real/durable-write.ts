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
 * Replaces a small file atomically and durably, with the given mode from the first byte on.
 * Synchronous: for the few files that a node needs before anything else. Concurrent writers of the
 * same file need different temporary files.
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
    // Do not leave a partial file on a full disk.
    removeFile(temporary);
    throw error;
  }
  syncDirectory(dirname(path));
}

function writeSynced(path: string, content: Uint8Array | string, mode: number): void {
  // `wx`: never follow an existing link.
  const file = openSync(path, "wx", mode);
  try {
    // The process's umask may have removed bits.
    fchmodSync(file, mode);
    writeWhole(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/**
 * Writes a user's file, like {@link writeFileDurably}. Returns false when it exists and may not be
 * replaced.
 */
export function writeKeptFile(path: string, content: Uint8Array, mayReplace: boolean): boolean {
  // The folder may contain files of users, so the temporary name must be unique.
  const complete = `${path}.${process.pid}-${process.hrtime.bigint()}.tmp`;
  if (mayReplace) {
    writeFileDurably(path, content, keptMode(), complete);
    return true;
  }
  writeFileDurably(complete, content, keptMode(), `${complete}.tmp`);
  try {
    // Unlike a rename, a link never replaces a file.
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

/** The user's default mode for new files, since the content is not secret. */
function keptMode(): number {
  return 0o666 & ~process.umask();
}

function writeWhole(file: number, content: Uint8Array): void {
  let done = 0;
  while (done < content.length) done += writeSync(file, content, done);
}

/** Syncs the names in a directory. Not needed, and not available, on Windows. */
export function syncDirectory(path: string): void {
  if (process.platform === "win32") return;
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
