import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { Problem } from "../../platform/errors.ts";
import { storageAdvice } from "../../platform/real/storage-failures.ts";
import type { SlotImage } from "../watermarks/slot-image.ts";
import { unusable } from "./database.ts";
import { readWatermarks, watermarkPath } from "./watermark-file.ts";

/** The magic string of SQLite databases (sqlite.org/fileformat.html, 1.3.1). */
const MAGIC = "SQLite format 3\0";

/**
 * Refuses files that SQLite would overwrite: for a missing or empty file it creates a new database,
 * and discards the write-ahead log beside it. Changes nothing itself.
 * @throws Problem `data_directory_unusable`
 */
export function refuseLostDatabase(path: string): void {
  try {
    refuseLost(path);
  } catch (error) {
    const why = error instanceof Problem ? undefined : storageAdvice(error);
    throw why === undefined ? error : unusable(`${path} cannot be used: ${why}`, error);
  }
}

function refuseLost(path: string): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  // SQLite reports what else may be in its place.
  if (stat !== undefined && !stat.isFile()) return;
  if (stat !== undefined && stat.size > 0) {
    if (beginningOf(path) !== MAGIC) {
      throw unusable(`${path} is damaged: it is not an SQLite database. Restore it from a backup.`);
    }
    return;
  }
  const marks = watermarkPath(path);
  const image = readWatermarks(marks);
  // Even without tanks there may be decisions on transfers, on which other nodes rely.
  if (image && (image.marks().length > 0 || (image.journal?.position ?? 0) > 0)) {
    throw unusable(
      `${path} is missing or empty, but ${marks} records ${describeImage(image)}: restore the ` +
        `directory from a backup, or remove ${basename(marks)} to start without them`,
    );
  }
  const wal = `${path}-wal`;
  if (sizeOf(wal) > 0) {
    throw unusable(
      `${path} is missing or empty, but ${wal} contains commits of it: restore the ` +
        `directory from a backup, or remove ${basename(wal)} to start without them`,
    );
  }
}

/** The content of a watermark file, for users. */
export function describeImage(image: SlotImage): string {
  const tanks = image.marks().length;
  return tanks > 0 ? `${tanks} tanks` : `commits up to number ${image.journal?.position ?? 0}`;
}

/** Size of a file; 0 when there is none. */
function sizeOf(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? stat.size : 0;
}

function beginningOf(path: string): string {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(MAGIC.length);
    readSync(file, bytes, 0, bytes.length, 0);
    return new TextDecoder("latin1").decode(bytes);
  } finally {
    closeSync(file);
  }
}
