import { LIMITS } from "../../platform/limits.ts";
import type { JournalBounds, Store } from "../journal.ts";
import { openDatabase } from "./database.ts";
import { SqliteJournal } from "./journal.ts";
import { SqliteRegistry } from "./registry.ts";

/** The store's file in a data directory. */
export const DATABASE_FILE = "tankd.db";

/**
 * Opens the store of a node. One process writes at a time; others may read beside it.
 * @throws Problem `data_directory_unusable` with a sentence that says what is wrong with the file.
 */
export function openSqliteStore(path: string, bounds: JournalBounds = LIMITS): Store {
  const database = openDatabase(path);
  return {
    journal: new SqliteJournal(database, bounds),
    registry: new SqliteRegistry(database),
    close: async () => database.close(),
  };
}
