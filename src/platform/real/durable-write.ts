import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Replaces a small file whole and durably, with the given mode from the first byte on. Synchronous:
 * for the few files that a node needs before it can do anything else.
 */
export function writeFileDurably(path: string, content: Uint8Array | string, mode: number): void {
  const temporary = `${path}.tmp`;
  rmSync(temporary, { force: true });
  // `wx`: never through a link that somebody has put there.
  const file = openSync(temporary, "wx", mode);
  try {
    // The process's umask may have taken bits away.
    fchmodSync(file, mode);
    writeSync(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Makes the names in a directory durable. Windows knows no such thing and makes it so by itself. */
export function syncDirectory(path: string): void {
  if (process.platform === "win32") return;
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
