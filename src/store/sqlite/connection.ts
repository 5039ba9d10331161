import { constants, Database, type SQLQueryBindings } from "bun:sqlite";
import { pathToFileURL } from "node:url";

/**
 * A connection that knows its prepared statements. SQLite keeps a closed connection, with its file
 * and its write-ahead log, until the last statement is finalised; here that happens on close.
 */
export class Connection {
  readonly #database: Database;
  readonly #statements: { finalize(): void }[] = [];

  private constructor(database: Database) {
    this.#database = database;
  }

  /** For the one that writes. Makes the file when it is missing. */
  static toWrite(path: string): Connection {
    return new Connection(new Database(path, { create: true, readwrite: true, strict: true }));
  }

  /** Beside one that may be writing. */
  static toRead(path: string): Connection {
    return new Connection(new Database(path, { readonly: true, strict: true }));
  }

  /** Of a file that nobody writes to: takes no lock, and needs no file beside it. */
  static toReadUnlocked(path: string): Connection {
    const url = `${pathToFileURL(path).href}?immutable=1`;
    const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;
    return new Connection(new Database(url, flags));
  }

  /** A copy in memory, which may be changed. */
  copy(): Connection {
    const bytes = this.#database.serialize();
    // File format 1 instead of 2: a database in memory has no write-ahead log (fileformat2.html,
    // 1.3.3).
    bytes.fill(1, 18, 20);
    return new Connection(Database.deserialize(bytes, { strict: true }));
  }

  get inTransaction(): boolean {
    return this.#database.inTransaction;
  }

  prepare<Row, Parameters extends SQLQueryBindings[] = SQLQueryBindings[]>(sql: string) {
    const statement = this.#database.prepare<Row, Parameters>(sql);
    this.#statements.push(statement);
    return statement;
  }

  /** Runs statements that are needed once. */
  run(sql: string, parameters: SQLQueryBindings[] = []): void {
    this.#database.run(sql, parameters);
  }

  /** Runs `action` in one transaction. */
  transaction(action: () => void): void {
    this.#database.transaction(action)();
  }

  /** Writes the log back into the file, as the last connection, and closes both. */
  close(): void {
    for (const statement of this.#statements.splice(0)) statement.finalize();
    this.#database.close();
  }
}
