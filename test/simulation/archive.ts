import { apply, createTank, digest, step, type Tank } from "../../src/sim/index.ts";
import type { Journal, JournalWrite } from "../../src/store/journal.ts";
import type { MemoryJournal } from "../../src/store/memory/journal.ts";
import type { LogRow, SnapshotRow, TankRow } from "../../src/store/rows.ts";
import { withCommit } from "../../src/store/with-commit.ts";
import { decodeCommand } from "../../src/tanks/log/command-codec.ts";
import { specOf } from "../../src/tanks/log/history.ts";

/**
 * Every log row that a node ever committed, also those that it has trimmed since, and its
 * transfers.
 */
export class Archive {
  /** Fish that have left, and those of them that were brought back. */
  transfers = 0;
  returned = 0;
  readonly #records = new Map<string, Uint8Array>();
  /** By tank and entry: a tank that comes back brings its log again. */
  readonly #rows = new Map<string, Map<number, LogRow>>();

  /** What is known of a disk that was copied. */
  copy(): Archive {
    const copy = new Archive();
    copy.transfers = this.transfers;
    copy.returned = this.returned;
    for (const [tankId, rows] of this.#rows) copy.#rows.set(tankId, new Map(rows));
    return copy;
  }

  /** What was sent in a transfer; its row loses it once it is settled. */
  recordOf(transferId: string): Uint8Array {
    return this.#records.get(transferId) ?? new Uint8Array();
  }

  /** The journal, with what it commits noted here. */
  watch(journal: MemoryJournal): Journal {
    return withCommit(journal, async (writes) => {
      const { position } = journal;
      // It has taken effect, or will not, before the first await: no loss of power comes between.
      const committed = journal.commit(writes);
      if (journal.position > position) this.#noteAll(journal, writes);
      await committed;
    });
  }

  #noteAll(journal: MemoryJournal, writes: readonly JournalWrite[]): void {
    const { transfers, returned } = this;
    const logs = writes.flatMap((write) =>
      "put" in write && write.put === "log" ? write.row : [],
    );
    const before = logs.map((row) => [row, this.#rows.get(row.tank_id)?.get(row.seq)] as const);
    for (const write of writes) this.#note(write);
    journal.unsynced?.add(() => {
      Object.assign(this, { transfers, returned });
      for (const [{ tank_id, seq }, row] of before) {
        if (row) this.#rows.get(tank_id)?.set(seq, row);
        else this.#rows.get(tank_id)?.delete(seq);
      }
    });
  }

  #note(write: JournalWrite): void {
    if ("update" in write && write.state === "returned") this.returned++;
    if (!("put" in write)) return;
    if (write.put === "outbox") {
      this.transfers++;
      this.#records.set(write.row.transfer_id, write.row.record);
    }
    if (write.put !== "log") return;
    const rows = this.#rows.get(write.row.tank_id) ?? new Map<number, LogRow>();
    rows.set(write.row.seq, write.row);
    this.#rows.set(write.row.tank_id, rows);
  }

  /**
   * The digest that a replay from the tank's founding has at `snapshot`, made without any of the
   * product's recovery: the log from seq 1, the world's rules, nothing else. `others` are those of
   * the nodes that the tank was on.
   */
  replay(row: TankRow, snapshot: SnapshotRow, others: readonly Archive[] = []): string {
    const tank = createTank(specOf(row));
    const entries = [this, ...others].flatMap((one) => [...(one.#rows.get(row.tank_id) ?? [])]);
    const log = new Map(entries.toSorted(([a], [b]) => a - b));
    for (const entry of log.values()) {
      if (entry.seq > snapshot.seq) break;
      advance(tank, entry.tick);
      const command = decodeCommand(entry.kind, entry.payload);
      if (command) apply(tank, command);
    }
    advance(tank, snapshot.tick);
    return digest(tank);
  }
}

function advance(tank: Tank, tick: number): void {
  while (tank.tick < tick) step(tank);
}
