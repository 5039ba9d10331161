import { messageOf, Problem, StorageDamaged } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { JournalBounds, Store } from "../journal.ts";
import { refuseLostDatabase } from "./before-opening.ts";
import { Connection } from "./connection.ts";
import { noteDamage } from "./damage-note.ts";
import { openDatabase, refuseDamaged, unusable } from "./database.ts";
import { journalError } from "./failures.ts";
import { FileGuard } from "./file-guard.ts";
import { SqliteJournal } from "./journal.ts";
import { openWatermarks, type Warn } from "./open-watermarks.ts";
import { SqliteRegistry } from "./registry.ts";
import { restoreHorizons } from "./stale-horizons.ts";
import { watermarkPath } from "./watermark-file.ts";

export interface StoreOptions {
  readonly bounds?: JournalBounds;
  /** Default: warnings are dropped. */
  readonly warn?: Warn;
  /**
   * Called when the database is too large to be checked for damage at once; see
   * {@link checkDatabase}.
   */
  readonly onUnchecked?: () => void;
}

/** The database file in a data directory. */
export const DATABASE_FILE = "tankd.db";

/**
 * Opens the store of a node. One process writes at a time; others may read concurrently.
 * @throws Problem `data_directory_unusable` with a sentence about what is wrong with the file.
 */
export function openSqliteStore(path: string, options: StoreOptions = {}): Store {
  const { bounds = LIMITS, warn = () => {}, onUnchecked } = options;
  refuseLostDatabase(path);
  const database = openDatabase(path, onUnchecked);
  try {
    const watermarks = openWatermarks(database, path, warn);
    restoreHorizons(database, path, warn);
    const guard = new FileGuard([path, `${path}-wal`, watermarkPath(path)]);
    const onDamage = (sentence: string) => noteDamage(path, sentence);
    const parts = { watermarks, guard, bounds, onDamage };
    return {
      journal: openJournal(path, () => new SqliteJournal(database, parts)),
      registry: new SqliteRegistry(database),
      close: async () => {
        database.close();
        watermarks.close();
      },
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * Checks a database for damage, while another connection writes to it. Takes about a second for a
 * cached gigabyte.
 * @throws Problem `data_directory_unusable` with the damage found; other errors mean no result
 */
export function checkDatabase(path: string): void {
  const database = Connection.toRead(path);
  try {
    refuseDamaged(database, path);
  } catch (error) {
    const found = findingOf(error, path);
    noteDamage(path, found.message);
    throw found;
  } finally {
    database.close();
  }
}

/** The damage that the check found. Throws all other errors. */
function findingOf(error: unknown, path: string): Problem {
  if (error instanceof Problem) return error;
  const found = journalError(error);
  if (!(found instanceof StorageDamaged)) throw found;
  return unusable(`${path}: ${found.message}`, error);
}

/** Preparing the statements fails when a table or column is missing, which is damage. */
function openJournal(path: string, open: () => SqliteJournal): SqliteJournal {
  try {
    return open();
  } catch (error) {
    throw unusable(
      `${path} is damaged: ${messageOf(error)}. Restore the data directory from a backup.`,
      error,
    );
  }
}
