import type { Statement } from "bun:sqlite";
import { JournalConflict, type JournalWrite } from "../journal.ts";
import type { Connection } from "./connection.ts";
import {
  CONNECTIONS,
  HORIZONS,
  INBOX,
  LOG,
  MOVED_TANKS,
  MOVES,
  OUTBOX,
  REMEMBERED,
  SNAPSHOTS,
  TANKS,
  type Table,
  TRANSFER_COUNTS,
  TRANSFER_EVENTS,
} from "./tables.ts";
import { foldRows } from "./transfer-tally.ts";

/** Removing a tank also removes its log and snapshots. */
const EVERY_TABLE = [
  ...[TANKS, CONNECTIONS, OUTBOX, INBOX, HORIZONS, TRANSFER_EVENTS, REMEMBERED],
  ...[TRANSFER_COUNTS, MOVES, MOVED_TANKS, { name: "connection_counts" }, { name: "meta" }],
].map(({ name }) => name);

/** What moves with a tank. Events first: the rows of the outbox tell which. */
const TANK_TRANSFERS = [
  "transfer_events WHERE transfer_id IN (SELECT transfer_id FROM outbox WHERE source_tank_id = ?)",
  "outbox WHERE source_tank_id = ?",
  "inbox WHERE destination_tank_id = ?",
  "horizons WHERE destination_tank_id = ?",
  "transfer_counts WHERE ? = CASE side WHEN 'out' THEN source_tank_id ELSE destination_tank_id END",
] as const;

type Put = Extract<JournalWrite, { put: unknown }>;
type Remove = Extract<JournalWrite, { remove: unknown }>;
type Update = Extract<JournalWrite, { update: unknown }>;

/** Executes each {@link JournalWrite} by a prepared statement, in the caller's transaction. */
export class Writes {
  readonly #put: ReturnType<typeof preparePuts>;
  readonly #remove: ReturnType<typeof prepareRemoves>;
  readonly #updateOutbox: Statement;

  constructor(database: Connection) {
    this.#put = preparePuts(database);
    this.#remove = prepareRemoves(database);
    this.#updateOutbox = database.prepare(
      "UPDATE outbox SET state = ?1, attempts = ?2, reason = ?3, updated_at = ?4, " +
        "record = CASE WHEN ?1 IN ('delivered', 'returned') THEN x'' ELSE record END " +
        "WHERE transfer_id = ?5",
    );
  }

  apply(write: JournalWrite): void {
    if ("put" in write) this.#applyPut(write);
    else if ("remove" in write) this.#applyRemove(write);
    else this.#applyUpdate(write);
  }

  #applyPut(write: Put): void {
    switch (write.put) {
      case "tank":
        this.#put.tank(write.row);
        break;
      case "log":
        this.#put.log(write.row);
        break;
      case "snapshot":
        this.#put.snapshot(write.row);
        break;
      case "connection":
        this.#put.connection(write.row);
        break;
      case "outbox":
        this.#put.outbox(write.row);
        break;
      case "inbox":
        this.#put.inbox(write.row);
        break;
      case "horizon":
        this.#put.horizon(write.row);
        break;
      case "event":
        this.#put.event(write.row);
        break;
      case "remembered":
        this.#put.remembered(write.row);
        break;
      case "move":
        this.#put.move(write.row);
        break;
      case "moved_tank":
        this.#put.movedTank(write.row);
        break;
      case "transfer_count":
        this.#put.transferCount(write.row);
        break;
      case "meta":
        this.#put.meta(write.key, write.value);
        break;
    }
  }

  #applyRemove(write: Remove): void {
    switch (write.remove) {
      case "tank":
        this.#remove.tank.run(write.tank_id);
        break;
      case "connection":
        this.#remove.connection.run(write.connection_id);
        this.#remove.connectionCounts.run(write.connection_id);
        break;
      case "remembered":
        this.#remove.remembered.run(write.node_id);
        break;
      case "decisions":
        this.#removeDecisions(write.source_node_ids, write.rowsMax);
        break;
      case "move":
        this.#remove.move.run(write.move_id);
        break;
      case "tank_transfers":
        for (const statement of this.#remove.tankTransfers) statement.run(write.tank_id);
        break;
      case "everything":
        for (const statement of this.#remove.everything) statement.run();
        break;
      case "snapshot":
        this.#remove.snapshot.run(write.tank_id, write.seq);
        break;
      case "log":
        this.#remove.log.run(write.tank_id, write.up_to_seq);
        break;
    }
  }

  #removeDecisions(nodeIds: readonly string[], rowsMax: number): void {
    const { count, raise, fold } = this.#remove.decisions;
    const nodes = JSON.stringify(nodeIds);
    const excess = (count.get(nodes)?.rows ?? 0) - rowsMax;
    if (excess <= 0) return;
    raise.run(nodes, excess);
    fold(nodes, excess);
  }

  #applyUpdate(write: Update): void {
    const { state, attempts, reason, updated_at, transfer_id } = write;
    const result = this.#updateOutbox.run(state, attempts, reason, updated_at, transfer_id);
    if (result.changes === 0) {
      throw new JournalConflict(`transfer ${transfer_id} is not in the outbox`);
    }
  }
}

function preparePuts(database: Connection) {
  const adding = <Row>(table: Table<Row>) => writer(table, database.prepare(table.insert));
  const replacing = <Row>(table: Table<Row>) => writer(table, database.prepare(table.upsert));
  const meta = database.prepare(
    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  return {
    tank: replacing(TANKS),
    log: adding(LOG),
    snapshot: replacing(SNAPSHOTS),
    connection: replacing(CONNECTIONS),
    outbox: replacing(OUTBOX),
    inbox: adding(INBOX),
    horizon: replacing(HORIZONS),
    event: adding(TRANSFER_EVENTS),
    remembered: replacing(REMEMBERED),
    move: replacing(MOVES),
    movedTank: replacing(MOVED_TANKS),
    transferCount: replacing(TRANSFER_COUNTS),
    meta: (key: string, value: string) => {
      meta.run(key, value);
    },
  };
}

function writer<Row>(table: Table<Row>, statement: Statement): (row: Row) => void {
  return (row) => {
    statement.run(...table.values(row));
  };
}

function prepareRemoves(database: Connection) {
  return {
    tank: database.prepare("DELETE FROM tanks WHERE tank_id = ?"),
    connection: database.prepare("DELETE FROM connections WHERE connection_id = ?"),
    connectionCounts: database.prepare("DELETE FROM connection_counts WHERE connection_id = ?"),
    remembered: database.prepare("DELETE FROM remembered WHERE node_id = ?"),
    decisions: prepareRemovalOfDecisions(database),
    move: database.prepare("DELETE FROM moves WHERE move_id = ?"),
    tankTransfers: TANK_TRANSFERS.map((rows) => database.prepare(`DELETE FROM ${rows}`)),
    everything: EVERY_TABLE.map((name) => database.prepare(`DELETE FROM ${name}`)),
    snapshot: database.prepare("DELETE FROM snapshots WHERE tank_id = ? AND seq = ?"),
    log: database.prepare("DELETE FROM log WHERE tank_id = ? AND seq <= ?"),
  };
}

/** The statements take the nodes as JSON, and a number of rows. */
function prepareRemovalOfDecisions(database: Connection) {
  const ofNodes = "inbox WHERE source_node_id IN (SELECT value FROM json_each(?))";
  const oldest = `SELECT place FROM ${ofNodes} ORDER BY place LIMIT ?`;
  const pair = "source_node_id, source_tank_id, destination_tank_id";
  return {
    count: database.prepare<{ rows: number }, [string]>(`SELECT COUNT(*) AS rows FROM ${ofNodes}`),
    raise: database.prepare(
      `INSERT INTO horizons (${pair}, lowest_undecided) ` +
        `SELECT ${pair}, MAX(sequence) + 1 FROM inbox WHERE place IN (${oldest}) ` +
        `GROUP BY ${pair} ON CONFLICT (${pair}) DO UPDATE SET ` +
        "lowest_undecided = MAX(lowest_undecided, excluded.lowest_undecided)",
    ),
    fold: foldRows(database, "inbox", oldest),
  };
}
