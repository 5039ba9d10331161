import type { Connection } from "./connection.ts";

/**
 * A commit of a tank changes a few rows in some ten pages, and writes each of them whole into the
 * write-ahead log: 1 kB rather than the usual 4 makes that a third of the bytes. In pages of 512
 * bytes two entries of the log would not fit beside each other.
 */
const PAGE_BYTES = 1024;
/** The write-ahead log is written back when it has come to this: a start reads at most as much. */
const WAL_BYTES_WRITTEN_BACK = 4 * 1024 * 1024;
/** Larger ones keep the pages that they have: half a second is too long for a start to wait. */
const REPAGED_BYTES_MAX = 16 * 1024 * 1024;

/** The pages of a database that is still to be made. */
export function choosePageSize(database: Connection): void {
  database.run(`PRAGMA page_size = ${PAGE_BYTES}`);
}

/** How often the write-ahead log is written back: by its bytes, where SQLite counts pages. */
export function chooseCheckpoints(database: Connection): void {
  const pages = Math.round(WAL_BYTES_WRITTEN_BACK / pageBytesOf(database));
  database.run(`PRAGMA wal_autocheckpoint = ${pages}`);
}

/**
 * Gives a database of an earlier version pages of this size, in one transaction. It needs the
 * database for itself and room for a second one: where it has not, all stays as it is until the
 * next start.
 */
export function repage(database: Connection): void {
  if (pageBytesOf(database) === PAGE_BYTES || bytesIn(database) > REPAGED_BYTES_MAX) return;
  try {
    // With a write-ahead log the size is fixed (sqlite.org/pragma.html#pragma_page_size).
    database.run("PRAGMA journal_mode = DELETE");
    choosePageSize(database);
    database.run("VACUUM");
  } catch {
    // Nothing is lost but the gain.
  } finally {
    database.run("PRAGMA journal_mode = WAL");
  }
}

export function bytesIn(database: Connection): number {
  const size = database
    .prepare<{ bytes: number }, []>(
      "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size",
    )
    .get();
  return size?.bytes ?? 0;
}

function pageBytesOf(database: Connection): number {
  const found = database.prepare<{ page_size: number }, []>("PRAGMA page_size").get();
  return found?.page_size ?? PAGE_BYTES;
}
