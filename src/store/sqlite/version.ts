import { Database } from "bun:sqlite";

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
