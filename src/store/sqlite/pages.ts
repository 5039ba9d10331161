import type { Connection } from "./connection.ts";

/**
 * A commit changes a few rows in about ten pages, each of which is written whole into the
 * write-ahead log: 1 kB instead of SQLite's default of 4 writes a third of the bytes. A page of 512
 * bytes would be too small for two log entries.
 */
const PAGE_BYTES = 1024;
/** Size of the write-ahead log at which it is checkpointed; bounds what a start has to read. */
const CHECKPOINT_WAL_BYTES = 4 * 1024 * 1024;
/** Larger databases keep their page size: converting them would delay a start by over 0.5 s. */
const REPAGED_BYTES_MAX = 16 * 1024 * 1024;

/** Sets the page size of a database that is still empty; has no effect on others. */
export function choosePageSize(database: Connection): void {
  database.run(`PRAGMA page_size = ${PAGE_BYTES}`);
}

/** Bounds the write-ahead log in bytes, whatever the page size: SQLite counts pages. */
export function chooseCheckpoints(database: Connection): void {
  const pages = Math.round(CHECKPOINT_WAL_BYTES / pageBytesOf(database));
  database.run(`PRAGMA wal_autocheckpoint = ${pages}`);
}

/**
 * Converts a database of an earlier version to the present page size, in one transaction. Needs
 * exclusive access and space for a second copy; without them the database is left as it is until
 * the next start.
 */
export function repage(database: Connection): void {
  if (pageBytesOf(database) === PAGE_BYTES || bytesIn(database) > REPAGED_BYTES_MAX) return;
  try {
    // The page size cannot change in WAL mode (sqlite.org/pragma.html#pragma_page_size).
    database.run("PRAGMA journal_mode = DELETE");
    choosePageSize(database);
    database.run("VACUUM");
  } catch {
    // Larger pages only cost write bandwidth.
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
