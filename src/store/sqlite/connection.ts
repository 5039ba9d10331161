import { constants, Database, type SQLQueryBindings } from "bun:sqlite";
import { pathToFileURL } from "node:url";

/**
 * A connection that tracks its prepared statements. SQLite keeps a closed connection, with its file
 * and its write-ahead log, until the last statement is finalised; here `close` does that.
 */
export class Connection {
  readonly #database: Database;
  readonly #statements: { finalize(): void }[] = [];

  private constructor(database: Database) {
    this.#database = database;
  }

  /** The writing connection. Creates the file when it is missing. */
  static toWrite(path: string): Connection {
    return new Connection(new Database(path, { create: true, readwrite: true, strict: true }));
  }

  /** A reading connection; another one may be writing. */
  static toRead(path: string): Connection {
    return new Connection(new Database(path, { readonly: true, strict: true }));
  }

  /** A reading connection to a file without a writer: takes no lock and needs no other file. */
  static toReadUnlocked(path: string): Connection {
    const url = `${pathToFileURL(path).href}?immutable=1`;
    const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;
    return new Connection(new Database(url, flags));
  }

  /** A writable copy in memory. */
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

  /** Runs one-off statements. */
  run(sql: string, parameters: SQLQueryBindings[] = []): void {
    this.#database.run(sql, parameters);
  }

  /** Runs `action` in one transaction. */
  transaction(action: () => void): void {
    this.#database.transaction(action)();
  }

  /** Checkpoints the log as the last connection, and closes the database. */
  close(): void {
    for (const statement of this.#statements.splice(0)) statement.finalize();
    this.#database.close();
  }
}
