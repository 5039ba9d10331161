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
import { watermarkPath } from "./watermark-file.ts";

export interface StoreOptions {
  readonly bounds?: JournalBounds;
  /** Default: nobody is told. */
  readonly warn?: Warn;
  /**
   * Told when the database is too large to be checked for damage at once; see {@link
   * checkDatabase}.
   */
  readonly onUnchecked?: () => void;
}

/** The store's file in a data directory. */
export const DATABASE_FILE = "tankd.db";

/**
 * Opens the store of a node. One process writes at a time; others may read beside it.
 * @throws Problem `data_directory_unusable` with a sentence that says what is wrong with the file.
 */
export function openSqliteStore(path: string, options: StoreOptions = {}): Store {
  const { bounds = LIMITS, warn = () => {}, onUnchecked } = options;
  refuseLostDatabase(path);
  const database = openDatabase(path, onUnchecked);
  try {
    const watermarks = openWatermarks(database, path, warn);
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
 * Looks for damage in a database, beside the connection that writes to it. Takes about a second for
 * a gigabyte in memory.
 * @throws Problem `data_directory_unusable` with what it finds; other errors are no finding
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

/** What a look for damage has found. Throws what is no finding. */
function findingOf(error: unknown, path: string): Problem {
  if (error instanceof Problem) return error;
  const found = journalError(error);
  if (!(found instanceof StorageDamaged)) throw found;
  return unusable(`${path}: ${found.message}`, error);
}

/**
 * Statements are prepared against the tables: one that a table or column is missing for is damage.
 */
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
