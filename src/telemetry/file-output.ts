import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { systemCode } from "../platform/real/storage-failures.ts";
import type { LineOutput } from "./line-output.ts";

export interface FileOutputOptions {
  readonly path: string;
  /** A file that would grow beyond this becomes `path.1`. */
  readonly bytesMax: number;
  /** Number of earlier files to keep; `path.1` is the newest. */
  readonly keep: number;
}

export interface FileOutput extends LineOutput {
  /** Reopens the file by its name, since log rotation may have renamed the old one. */
  reopen(): void;
}

/** Readable only by the user of the node. */
const MODE = 0o600;
const UTF8 = new TextEncoder();

/**
 * Writes lines to a file that is rotated by size. Never fails: lines that a full disk refuses are
 * counted, and the count is logged once it takes lines again.
 * @throws the system's error when the file cannot be opened at first.
 */
export function fileOutput({ path, bytesMax, keep }: FileOutputOptions): FileOutput {
  let descriptor = openSync(path, "a", MODE);
  let size = fstatSync(descriptor).size;
  let dropped = 0;

  const use = (next: number) => {
    closeSync(descriptor);
    descriptor = next;
    size = fstatSync(descriptor).size;
  };
  /** Opens the new file first: without it nothing is renamed, and the oldest file stays. */
  const rotate = () => {
    const fresh = `${path}.new`;
    rmSync(fresh, { force: true });
    const next = openSync(fresh, "wx", MODE);
    shift(path, keep);
    renameSync(fresh, path);
    use(next);
  };
  const append = (line: string) => {
    const bytes = UTF8.encode(line);
    if (size > 0 && size + bytes.length > bytesMax) tryTo(rotate);
    size += writeSync(descriptor, bytes);
  };
  const tryTo = (work: () => void) => {
    try {
      work();
      return true;
    } catch {
      return false;
    }
  };
  return {
    isTerminal: false,
    write: (line) => {
      const notice = `tankd: ${dropped} lines of log were dropped\n`;
      if (dropped > 0 && tryTo(() => append(notice))) dropped = 0;
      if (!tryTo(() => append(line))) dropped++;
    },
    reopen: () => void tryTo(() => use(openSync(path, "a", MODE))),
  };
}

/** Renames `path` to `path.1`, that to `path.2`, and so on; removes the last one. */
function shift(path: string, keep: number): void {
  const nameOf = (age: number) => (age === 0 ? path : `${path}.${age}`);
  rmSync(nameOf(keep), { force: true });
  for (let age = keep - 1; age >= 0; age--) {
    try {
      renameSync(nameOf(age), nameOf(age + 1));
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
    }
  }
}
