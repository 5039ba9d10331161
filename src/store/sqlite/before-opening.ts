import { closeSync, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { SlotImage } from "../watermarks/slot-image.ts";
import { unusable } from "./database.ts";
import { readWatermarks, watermarkPath } from "./watermark-file.ts";

/** How every database of SQLite begins (sqlite.org/fileformat.html, 1.3.1). */
const MAGIC = "SQLite format 3\0";

/**
 * Refuses what SQLite would make something else of: to a missing or empty file it writes a new
 * database, and throws away the write-ahead log beside it. Nothing is changed by the look.
 * @throws Problem `data_directory_unusable`
 */
export function refuseLostDatabase(path: string): void {
  if (sizeOf(path) > 0) {
    if (beginningOf(path) !== MAGIC) {
      throw unusable(
        `${path} is damaged: it does not begin like a database. ` +
          "Restore the data directory from a backup.",
      );
    }
    return;
  }
  const marks = watermarkPath(path);
  const image = readWatermarks(marks);
  // Without a tank there are still decisions on transfers, on which other nodes rely.
  if (image && (image.marks().length > 0 || (image.journal?.position ?? 0) > 0)) {
    throw unusable(
      `${path} is missing or empty, but ${marks} remembers ${describeImage(image)}: restore the ` +
        `directory from a backup, or remove ${basename(marks)} to begin without them`,
    );
  }
  const wal = `${path}-wal`;
  if (sizeOf(wal) > 0) {
    throw unusable(
      `${path} is missing or empty, but ${wal} holds commits of it: restore the directory from a ` +
        `backup, or remove ${basename(wal)} to begin without them`,
    );
  }
}

/** What a watermark file knows of, for people. */
export function describeImage(image: SlotImage): string {
  const tanks = image.marks().length;
  return tanks > 0 ? `${tanks} tanks` : `commits up to number ${image.journal?.position ?? 0}`;
}

/** Of a file; what else may stand there is for SQLite to complain of. */
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
