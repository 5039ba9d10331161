import { Database } from "bun:sqlite";

/** The first version in which two connections cannot corrupt a database in WAL mode. */
export const SQLITE_FIXED = "3.51.3";

/**
 * Versions with the same fix in older lines (sqlite.org/wal.html#walresetbug): there each later
 * patch has it, too.
 */
const BACKPORTS = ["3.44.6", "3.50.7"] as const;

/** The version of SQLite, which on macOS is the system's own. */
export function sqliteVersion(): string {
  const database = new Database(":memory:");
  try {
    const [row] = database.query<{ version: string }, []>("SELECT sqlite_version() version").all();
    return row?.version ?? "";
  } finally {
    database.close();
  }
}

/** Whether one version of SQLite is older than another. An unknown one is older than any. */
export function isOlder(version: string, than: string): boolean {
  const left = numbersOf(version);
  const right = numbersOf(than);
  const at = right.findIndex((number, index) => (left[index] ?? 0) !== number);
  return at !== -1 && (left[at] ?? 0) < (right[at] ?? 0);
}

/**
 * Whether a version can corrupt a database in WAL mode when two connections write or checkpoint at
 * the same moment.
 */
export function hasWalResetBug(version: string): boolean {
  if (!isOlder(version, SQLITE_FIXED)) return false;
  return !BACKPORTS.some((fixed) => isSameLine(version, fixed) && !isOlder(version, fixed));
}

function isSameLine(version: string, other: string): boolean {
  return lineOf(version) === lineOf(other);
}

function lineOf(version: string): string {
  return numbersOf(version).slice(0, 2).join(".");
}

function numbersOf(version: string): readonly number[] {
  return version.split(".").map(Number);
}
