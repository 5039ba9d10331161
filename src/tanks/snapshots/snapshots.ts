import { messageOf } from "../../platform/errors.ts";
import type { Files } from "../../platform/files.ts";
import type { Journal, JournalWrite } from "../../store/journal.ts";
import type { SnapshotRow, TankRow } from "../../store/rows.ts";
import type { CapturedState } from "../thread/simulation.ts";
import { type Retain, retainedWithin } from "./retention.ts";
import { DamagedSnapshot, decodeSnapshot } from "./snapshot-file.ts";
import { makeSnapshot, type NewSnapshot, snapshotFolder } from "./snapshot-making.ts";

/** What a tank needs to come back. */
const retainNeeded: Retain = (snapshots, isWhole) => retainedWithin(0, snapshots, isWhole);

/** The snapshots of one tank on the disk: `snapshots/<tank_id>/<seq>-<tick>.snapshot`. */
export class Snapshots {
  readonly #files: Files;
  readonly #row: TankRow;
  readonly #retain: Retain;
  readonly #folder: string;
  /** Newest first. */
  #kept: readonly SnapshotRow[] = [];
  /** The first entry that is left of the log. */
  #logStart = 1;
  /** Damaged snapshots whose rows still exist; those rows are ignored. */
  #damaged: readonly SnapshotRow[] = [];
  #sweeping: Promise<void> = Promise.resolve();

  constructor(files: Files, row: TankRow, retain: Retain = retainNeeded) {
    this.#files = files;
    this.#row = row;
    this.#retain = retain;
    this.#folder = snapshotFolder(row.tank_id);
  }

  /** Reads the list from the journal. Newest first. */
  async list(journal: Journal): Promise<readonly SnapshotRow[]> {
    const { tank_id } = this.#row;
    const [kept, logStart] = await Promise.all([
      journal.snapshots(tank_id),
      journal.logStart(tank_id),
    ]);
    this.#kept = kept;
    this.#logStart = logStart ?? (kept[0]?.seq ?? 0) + 1;
    this.#damaged = [];
    return this.#kept;
  }

  /** Marks a snapshot as unusable. */
  condemn(seq: number): void {
    this.#damaged = [...this.#damaged, ...this.#kept.filter((row) => row.seq === seq)];
    this.#kept = this.#kept.filter((row) => row.seq !== seq);
  }

  get newest(): SnapshotRow | undefined {
    return this.#kept[0];
  }

  /** The first tick from which this engine can replay the tank; undefined before it is known. */
  pastFromTick(engineVersion: number): number | undefined {
    const own = this.#kept.filter((row) => row.engine_version === engineVersion);
    if (own.length === this.#kept.length && this.#isWhole) return 0;
    // This engine continues from the last state of the engine before.
    return (own.at(-1) ?? this.#kept[0])?.tick;
  }

  /** Whether the log reaches back to what the spec makes. */
  get #isWhole(): boolean {
    return this.#row.origin === "founded" && this.#logStart === 1;
  }

  get someDamaged(): boolean {
    return this.#damaged.length > 0;
  }

  /**
   * Removes the rows of damaged snapshots. This has to happen before the tank continues: a snapshot
   * may be later than the next entries, and would contradict them if its file became readable
   * again.
   */
  async dismissDamaged(journal: Journal): Promise<void> {
    if (!this.someDamaged) return;
    const gone = this.#damaged.map(
      ({ tank_id, seq }) => ({ remove: "snapshot", tank_id, seq }) as const,
    );
    await journal.commit(gone);
    this.#damaged = [];
  }

  has(state: { readonly seq: number; readonly tick: number }): boolean {
    return this.#kept.some((row) => row.seq === state.seq && row.tick === state.tick);
  }

  /** Reads the state of a row. Throws {@link DamagedSnapshot}. */
  async read(row: SnapshotRow): Promise<CapturedState> {
    const file = await this.#files.read(row.file);
    if (!file) throw new DamagedSnapshot("the file is missing");
    return stateIn(file, row);
  }

  /**
   * Writes the file of a state whose log is durable, then, through `commit`, its row. The same
   * commit removes what need not be retained any more. On a failure the earlier snapshots remain
   * valid.
   */
  async write(
    snapshot: NewSnapshot,
    commit: (writes: readonly JournalWrite[]) => Promise<void>,
  ): Promise<SnapshotRow> {
    const { row, bytes } = makeSnapshot(this.#row, snapshot);
    // A sweep would mistake a file without a row for one that a crash has left.
    await this.#sweeping.catch(() => {});
    await this.#files.writeDurably(row.file, bytes);
    await this.#adopt(row, commit);
    return row;
  }

  /** Removes files without a row, which a crash between file and row has left. */
  sweep(): Promise<void> {
    this.#sweeping = this.#sweeping.catch(() => {}).then(() => this.#removeUnnamed());
    return this.#sweeping;
  }

  async #removeUnnamed(): Promise<void> {
    const named = new Set(this.#kept.map((row) => row.file));
    for (const name of await this.#files.list(this.#folder)) {
      const path = `${this.#folder}/${name}`;
      if (!named.has(path)) await this.#files.remove(path);
    }
  }

  /** Removes all files of a tank whose rows are gone. */
  async removeAll(): Promise<void> {
    this.#kept = [];
    await this.#sweeping.catch(() => {});
    await this.#files.removeFolder(this.#folder);
  }

  async #adopt(
    row: SnapshotRow,
    commit: (writes: readonly JournalWrite[]) => Promise<void>,
  ): Promise<void> {
    // The put replaces a row of the same seq: the tank has ticked without a command.
    const older = this.#kept.filter((kept) => kept.seq < row.seq);
    const { kept, dropped, logUpToSeq } = this.#retain([row, ...older], this.#isWhole);
    const { tank_id } = row;
    const writes: JournalWrite[] = [{ put: "snapshot", row }];
    for (const { seq } of dropped) writes.push({ remove: "snapshot", tank_id, seq });
    if (logUpToSeq > 0) writes.push({ remove: "log", tank_id, up_to_seq: logUpToSeq });
    await commit(writes);
    this.#kept = kept;
    this.#logStart = Math.max(this.#logStart, logUpToSeq + 1);
    await this.sweep();
  }
}

/** The state in a snapshot's file. Throws {@link DamagedSnapshot} when it does not match `row`. */
export function stateIn(file: Uint8Array, row: SnapshotRow): CapturedState {
  const { header, state } = decodeSnapshot(file);
  const same =
    header.tank_id === row.tank_id &&
    header.digest === row.digest &&
    header.log_checksum === row.log_checksum &&
    state.seq === row.seq &&
    state.tick === row.tick;
  if (!same) throw new DamagedSnapshot("the file is not the snapshot that the journal names");
  return state;
}

/** A message about a snapshot that cannot be used, for the log. */
export function damageOf(row: SnapshotRow, error: unknown): string {
  const what = error instanceof DamagedSnapshot ? "is damaged" : "cannot be read";
  return `snapshot at entry ${row.seq}, tick ${row.tick}, ${what}: ${messageOf(error)}`;
}
