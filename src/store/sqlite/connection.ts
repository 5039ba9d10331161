import { Database, type SQLQueryBindings } from "bun:sqlite";

/**
 * A connection that knows its prepared statements. SQLite keeps a closed connection, with its file
 * and its write-ahead log, until the last statement is finalised; here that happens on close.
 */
export class Connection {
  readonly #database: Database;
  readonly #statements: { finalize(): void }[] = [];

  /** `write` makes the file when it is missing. */
  constructor(path: string, access: "write" | "read" = "write") {
    const mode = access === "write" ? { create: true, readwrite: true } : { readonly: true };
    this.#database = new Database(path, { ...mode, strict: true });
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
