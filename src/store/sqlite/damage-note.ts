import { existsSync, rmSync } from "node:fs";
import { writeFileDurably } from "../../platform/real/durable-write.ts";

const MODE = 0o600;

function noteOf(path: string): string {
  return `${path}.damaged`;
}

/**
 * Leaves a marker file beside a database in which damage was found, so that the next start checks
 * all of it first. Best effort: the disk may not take the file.
 */
export function noteDamage(path: string, sentence: string): void {
  try {
    writeFileDurably(noteOf(path), `${sentence}\n`, MODE);
  } catch {
    // The damage itself is reported either way.
  }
}

export function hasDamageNote(path: string): boolean {
  return existsSync(noteOf(path));
}

/**
 * Removes the marker after a check found no damage: the database was restored, or memory failed.
 */
export function removeDamageNote(path: string): void {
  rmSync(noteOf(path), { force: true });
}
