import {
  type Journal,
  type JournalBounds,
  type JournalWrite,
  StorageDamaged,
  StorageUnavailable,
} from "../journal.ts";
import type { TransferCountRow, Watermark } from "../rows.ts";
import type { Connection } from "./connection.ts";
import { journalError } from "./failures.ts";
import type { FileGuard } from "./file-guard.ts";
import { guarded, SqliteReads } from "./reads.ts";
import { boundEvents, boundInbox, boundOutbox, type RowBound } from "./row-bound.ts";
import { TransferTally } from "./transfer-tally.ts";
import type { Watermarks } from "./watermarks.ts";
import { Writes } from "./writes.ts";

/** Tables whose rows are bounded. */
const BOUNDED = ["event", "outbox", "inbox"] as const;

export interface SqliteJournalParts {
  readonly watermarks: Watermarks;
  readonly guard: FileGuard;
  readonly bounds: JournalBounds;
  /** Called when a commit finds damage. */
  readonly onDamage: (sentence: string) => void;
}

/** The journal in SQLite. Synchronous, like bun:sqlite. */
export class SqliteJournal extends SqliteReads implements Journal {
  readonly #database: Connection;
  readonly #watermarks: Watermarks;
  readonly #guard: FileGuard;
  readonly #writes: Writes;
  readonly #tally: TransferTally;
  readonly #bounds: Readonly<Record<(typeof BOUNDED)[number], RowBound>>;
  readonly #onDamage: (sentence: string) => void;
  readonly #advance;
  #position: number;

  constructor(database: Connection, parts: SqliteJournalParts) {
    super(database);
    const { watermarks, guard, bounds, onDamage } = parts;
    const { transferEventsMax, transfersKeptMax } = bounds;
    this.#database = database;
    this.#watermarks = watermarks;
    this.#guard = guard;
    this.#onDamage = onDamage;
    this.#writes = new Writes(database);
    this.#tally = new TransferTally(database);
    this.#bounds = {
      event: boundEvents(database, transferEventsMax),
      outbox: boundOutbox(database, transfersKeptMax),
      inbox: boundInbox(database, transfersKeptMax),
    };
    this.#advance = database.prepare<{ position: number }, []>(
      "UPDATE journal SET position = position + 1 RETURNING position",
    );
    this.#position = readPosition(database);
  }

  get position(): number {
    return this.#position;
  }

  async watermarks(): Promise<readonly Watermark[]> {
    return this.#watermarks.list();
  }

  async watermark(tankId: string): Promise<Watermark | undefined> {
    return this.#watermarks.of(tankId);
  }

  override async transferCounts(): Promise<readonly TransferCountRow[]> {
    return guarded(() => this.#tally.read());
  }

  async commit(writes: readonly JournalWrite[]): Promise<void> {
    if (writes.length === 0) return;
    this.#guard.check();
    this.#watermarks.prepare(writes);
    const position = this.#write(writes);
    this.#watermarks.record(writes, position);
    this.#position = position;
  }

  /** Runs the transaction. Returns the position that it has reached. */
  #write(writes: readonly JournalWrite[]): number {
    try {
      this.#database.run("BEGIN IMMEDIATE");
      for (const write of writes) {
        this.#tally.note(write);
        this.#writes.apply(write);
      }
      for (const kind of BOUNDED) this.#bounds[kind].enforce(puts(writes, kind));
      const position = this.#advance.get()?.position;
      if (position !== this.#position + 1) {
        throw new StorageUnavailable(
          "another program has written to the database: stop it, then start this node again",
        );
      }
      this.#database.run("COMMIT");
      this.#tally.committed();
      return position;
    } catch (error) {
      this.#rollBack();
      const refusal = journalError(error);
      if (refusal instanceof StorageDamaged) this.#onDamage(refusal.message);
      throw refusal;
    }
  }

  /** SQLite rolls back automatically on some errors (a full disk), not on others (a conflict). */
  #rollBack(): void {
    if (this.#database.inTransaction) this.#database.run("ROLLBACK");
    for (const kind of BOUNDED) this.#bounds[kind].distrust();
    this.#tally.rolledBack();
  }
}

/** Commits that the journal of this database has taken. */
export function readPosition(database: Connection): number {
  const row = database.prepare<{ position: number }, []>("SELECT position FROM journal").get();
  return row?.position ?? 0;
}

function puts(writes: readonly JournalWrite[], kind: (typeof BOUNDED)[number]): number {
  return writes.filter((write) => "put" in write && write.put === kind).length;
}
