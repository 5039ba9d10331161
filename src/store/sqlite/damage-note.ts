import { existsSync, rmSync } from "node:fs";
import { writeFileDurably } from "../../platform/real/durable-write.ts";

const MODE = 0o600;

function noteOf(path: string): string {
  return `${path}.damaged`;
}

/**
 * Leaves word beside a database that damage was found in it, so that the next start checks all of
 * it before anything is built upon it. A disk that does not take the note has other troubles.
 */
export function noteDamage(path: string, sentence: string): void {
  try {
    writeFileDurably(noteOf(path), `${sentence}\n`, MODE);
  } catch {
    // The damage itself is told either way.
  }
}

export function hasDamageNote(path: string): boolean {
  return existsSync(noteOf(path));
}

/**
 * The database was restored, or it was the memory and not the disk: it has been checked and is
 * sound.
 */
export function removeDamageNote(path: string): void {
  rmSync(noteOf(path), { force: true });
}
