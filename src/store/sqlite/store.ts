import { LIMITS } from "../../platform/limits.ts";
import type { JournalBounds, Store } from "../journal.ts";
import { openDatabase } from "./database.ts";
import { SqliteJournal } from "./journal.ts";
import { openWatermarks, type Warn } from "./open-watermarks.ts";
import { SqliteRegistry } from "./registry.ts";

export interface StoreOptions {
  readonly bounds?: JournalBounds;
  /** Default: nobody is told. */
  readonly warn?: Warn;
}

/** The store's file in a data directory. */
export const DATABASE_FILE = "tankd.db";

/**
 * Opens the store of a node. One process writes at a time; others may read beside it.
 * @throws Problem `data_directory_unusable` with a sentence that says what is wrong with the file.
 */
export function openSqliteStore(path: string, options: StoreOptions = {}): Store {
  const { bounds = LIMITS, warn = () => {} } = options;
  const database = openDatabase(path);
  try {
    const watermarks = openWatermarks(database, path, warn);
    return {
      journal: new SqliteJournal(database, watermarks, bounds),
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
