import { addCount, type Counts, countOfInbox, countOfOutbox, listCounts } from "../counts.ts";
import type { JournalWrite } from "../journal.ts";
import type { OutboxRow, TransferCountRow } from "../rows.ts";
import type { Connection } from "./connection.ts";

/** Fields of a count: those of the outbox, of the inbox, and of the counts themselves. */
const FIELDS = "side, node_id, source_tank_id, destination_tank_id, entity_type, state";
const OF_OUTBOX =
  "'out', destination_node_id, source_tank_id, destination_tank_id, entity_type, state";
const OF_INBOX = "'in', source_node_id, source_tank_id, destination_tank_id, entity_type, decision";

/** Counts every row, those that were removed included. Reads both tables whole. */
export function countTransfers(database: Connection): () => readonly TransferCountRow[] {
  const count = database.prepare<TransferCountRow, []>(`
    SELECT ${FIELDS}, count FROM transfer_counts
    UNION ALL SELECT ${OF_OUTBOX}, COUNT(*) FROM outbox GROUP BY 2, 3, 4, 5, 6
    UNION ALL SELECT ${OF_INBOX}, COUNT(*) FROM inbox GROUP BY 2, 3, 4, 5, 6`);
  return () => {
    const counts: Counts = new Map();
    for (const row of count.all()) addCount(counts, row);
    return listCounts(counts);
  };
}

/** Writes after which everything has to be counted again. They are rare. */
const REMOVES_COUNTED: ReadonlySet<string> = new Set(["everything", "tank_transfers"]);

type Removed = Omit<TransferCountRow, "count">;

/** Removes rows, and adds them to the counts. `which` selects their places. Returns how many. */
export function foldRows(
  database: Connection,
  table: "outbox" | "inbox",
  which: string,
): (...parameters: readonly (number | string)[]) => number {
  const fields = (table === "outbox" ? OF_OUTBOX : OF_INBOX).split(", ");
  const named = FIELDS.split(", ").map((name, at) => `${fields[at]} AS ${name}`);
  const remove = database.prepare<Removed, (number | string)[]>(
    `DELETE FROM ${table} WHERE place IN (${which}) RETURNING ${named.join(", ")}`,
  );
  const add = database.prepare(
    `INSERT INTO transfer_counts (${FIELDS}, count) VALUES (?, ?, ?, ?, ?, ?, ?) ` +
      `ON CONFLICT (${FIELDS}) DO UPDATE SET count = count + excluded.count`,
  );
  return (...parameters) => {
    const removed = remove.all(...parameters);
    const counts: Counts = new Map();
    for (const row of removed) addCount(counts, { ...row, count: 1 });
    for (const { side, node_id, count, ...row } of counts.values()) {
      const { source_tank_id, destination_tank_id, entity_type, state } = row;
      add.run(side, node_id, source_tank_id, destination_tank_id, entity_type, state, count);
    }
    return removed.length;
  };
}

type Known = Parameters<typeof countOfOutbox>[0];

/**
 * The counts of all transfers in memory, from the first question on. To count 40,000 rows takes 20
 * to 100 ms, for which commits would wait, and audits ask often; a table of them would be written
 * with every transfer. Kept so it costs a transfer 3 µs.
 */
export class TransferTally {
  readonly #count: () => readonly TransferCountRow[];
  readonly #find;
  #counts: Counts | undefined;
  /** Of the transaction in progress. */
  #changes: TransferCountRow[] = [];
  #distrusted = false;

  constructor(database: Connection) {
    this.#count = countTransfers(database);
    this.#find = database.prepare<Known, [string]>(
      "SELECT destination_node_id, source_tank_id, destination_tank_id, entity_type, state " +
        "FROM outbox WHERE transfer_id = ?",
    );
  }

  read(): readonly TransferCountRow[] {
    if (this.#counts === undefined) {
      this.#counts = new Map();
      for (const row of this.#count()) addCount(this.#counts, row);
    }
    return listCounts(this.#counts);
  }

  /** Call inside the transaction, before the write. */
  note(write: JournalWrite): void {
    if (this.#counts === undefined) return;
    if ("update" in write) this.#update(write.transfer_id, write.state);
    else if ("remove" in write) this.#distrusted ||= REMOVES_COUNTED.has(write.remove);
    else if (write.put === "transfer_count") this.#distrusted = true;
    else if (write.put === "inbox") this.#changes.push(countOfInbox(write.row));
    else if (write.put === "outbox") {
      this.#takeOut(write.row.transfer_id);
      this.#changes.push(countOfOutbox(write.row));
    }
  }

  committed(): void {
    if (this.#distrusted) this.#counts = undefined;
    if (this.#counts) for (const change of this.#changes) addCount(this.#counts, change);
    this.rolledBack();
  }

  rolledBack(): void {
    this.#changes = [];
    this.#distrusted = false;
  }

  #update(transferId: string, state: OutboxRow["state"]): void {
    const before = this.#takeOut(transferId);
    if (before) this.#changes.push(countOfOutbox({ ...before, state }));
  }

  #takeOut(transferId: string): Known | undefined {
    const before = this.#find.get(transferId) ?? undefined;
    if (before) this.#changes.push({ ...countOfOutbox(before), count: -1 });
    return before;
  }
}
