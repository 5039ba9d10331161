import {
  apply,
  createTank,
  digest,
  loadTank,
  saveTank,
  step,
  type Tank,
} from "../../src/sim/index.ts";
import type { LogRow, TankRow } from "../../src/store/rows.ts";
import { decodeCommand } from "../../src/tanks/log/command-codec.ts";
import { specOf } from "../../src/tanks/log/history.ts";
import { firstChecksum, verifyChain } from "../../src/tanks/log/log-chain.ts";
import { decodeSnapshot } from "../../src/tanks/snapshots/snapshot-file.ts";
import { unpackState } from "../../src/tanks/snapshots/state-packing.ts";
import type { Disk } from "./disk.ts";

/** A state that somebody has vouched for. */
interface Vouched {
  readonly seq: number;
  readonly tick: number;
  readonly digest: string;
}

/** How far one tank was replayed. */
interface Replayed {
  readonly world: Tank;
  seq: number;
  /** Of entry `seq`. */
  checksum: string;
  tickOfSeq: number;
}

/**
 * Replays every tank from its creation, by the world's own functions, over all the lives of a node:
 * each look takes it on by what has come to the log since. Every digest on the way is compared, and
 * the chain of the log is followed.
 */
export class Witness {
  readonly #tanks = new Map<string, Replayed>();
  /** States that were compared with somebody else's word for them. */
  digests = 0;
  ticks = 0;
  /**
   * Times that the log was dropped before it was seen, so that the replay began at a snapshot
   * again.
   */
  gaps = 0;
  /** Recoveries that went on from the memory of the life before. */
  fromMemory = 0;

  /** Follows the log on the disk. Returns up to which entry rows of it were dropped. */
  follow(row: TankRow, disk: Disk): number {
    const log = disk.log(row.tank_id);
    const snapshots = disk.snapshots(row.tank_id);
    const droppedUpTo = (log[0]?.seq ?? (snapshots.at(-1)?.seq ?? 0) + 1) - 1;
    const replayed = this.#startOf(row, disk, droppedUpTo);
    const news = log.filter((entry) => entry.seq > replayed.seq);
    const { seq, checksum, tickOfSeq: tick } = replayed;
    verifyChain({ seq, checksum, tick }, news);
    const vouched = snapshots
      .filter((one) => !hasPassed(replayed, one))
      .sort((a, b) => a.seq - b.seq);
    for (const entry of news) {
      while (vouched[0] && vouched[0].seq < entry.seq) this.#meet(replayed, vouched.shift());
      this.#enter(replayed, entry);
    }
    for (const one of vouched) this.#meet(replayed, one);
    return droppedUpTo;
  }

  /**
   * Where a recovery of what was followed must come out; the tick is of the entry or a snapshot.
   */
  endOf(tankId: string): { readonly seq: number; readonly tick: number } {
    const { seq, world } = this.#tank(tankId);
    return { seq, tick: world.tick };
  }

  /** Compares the state that a node says it has with the replay. */
  confirm(tankId: string, state: Vouched): void {
    this.#meet(this.#tank(tankId), state);
  }

  /**
   * The same for a state from the memory of the life before, which may be ahead of the log by some
   * ticks; the next life may come back behind it.
   */
  confirmAhead(tankId: string, state: Vouched): void {
    const followed = this.#tank(tankId);
    this.fromMemory++;
    this.#meet({ ...followed, world: loadTank(saveTank(followed.world)) }, state);
  }

  forgetAllBut(tankIds: readonly string[]): void {
    for (const known of this.#tanks.keys()) {
      if (!tankIds.includes(known)) this.#tanks.delete(known);
    }
  }

  #startOf(row: TankRow, disk: Disk, droppedUpTo: number): Replayed {
    const known = this.#tanks.get(row.tank_id);
    if (known && known.seq >= droppedUpTo) return known;
    const start =
      droppedUpTo === 0
        ? { world: createTank(specOf(row)), seq: 0, checksum: firstChecksum(row), tickOfSeq: 0 }
        : this.#fromSnapshot(row, disk);
    this.#tanks.set(row.tank_id, start);
    return start;
  }

  #fromSnapshot(row: TankRow, disk: Disk): Replayed {
    this.gaps++;
    const oldest = disk.snapshots(row.tank_id).at(-1);
    if (!oldest) throw new Error(`the log of ${row.tank_id} was dropped without a snapshot`);
    const { state } = decodeSnapshot(disk.file(oldest));
    const world = loadTank(unpackState(state.packed));
    return { world, seq: oldest.seq, checksum: oldest.log_checksum, tickOfSeq: 0 };
  }

  #enter(replayed: Replayed, entry: LogRow): void {
    this.#stepTo(replayed, entry.tick);
    const command = decodeCommand(entry.kind, entry.payload);
    if (command) apply(replayed.world, command);
    replayed.seq = entry.seq;
    replayed.checksum = entry.checksum;
    replayed.tickOfSeq = entry.tick;
    if (entry.digest !== null) this.#compare(replayed, { ...entry, digest: entry.digest });
  }

  #meet(replayed: Replayed, state: Vouched | undefined): void {
    if (!state) return;
    if (state.seq !== replayed.seq) {
      throw new Error(`a state at entry ${state.seq}, but the log ends at ${replayed.seq}`);
    }
    this.#stepTo(replayed, state.tick);
    this.#compare(replayed, state);
  }

  #stepTo({ world }: Replayed, tick: number): void {
    if (world.tick > tick) throw new Error(`time went back from tick ${world.tick} to ${tick}`);
    this.ticks += tick - world.tick;
    while (world.tick < tick) step(world);
  }

  #compare({ world }: Replayed, state: Vouched): void {
    this.digests++;
    const found = digest(world);
    if (found !== state.digest) {
      throw new Error(
        `at entry ${state.seq}, tick ${state.tick}, ` +
          `the replay has digest ${found} instead of ${state.digest}`,
      );
    }
  }

  #tank(tankId: string): Replayed {
    const known = this.#tanks.get(tankId);
    if (!known) throw new Error(`tank ${tankId} was never followed`);
    return known;
  }
}

function hasPassed({ seq, world }: Replayed, state: Vouched): boolean {
  return state.seq < seq || (state.seq === seq && state.tick < world.tick);
}
