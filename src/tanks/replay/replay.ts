import { messageOf } from "../../platform/errors.ts";
import { apply, createTank, digest, step, type Tank } from "../../sim/index.ts";
import type { LogRow, SnapshotRow, TankRow } from "../../store/rows.ts";
import { decodeCommand } from "../log/command-codec.ts";
import { specOf } from "../log/history.ts";
import { worldOf } from "../snapshots/captured-world.ts";
import { arrive, type Controls, steer } from "../thread/controls.ts";
import type { CapturedState } from "../thread/simulation.ts";
import type { Chronicle, Place } from "./chronicle.ts";
import type { Divergence } from "./divergence.ts";
import type { Origin } from "./origins.ts";
import { type SoundPart, soundPart } from "./sound-part.ts";

export interface ReplayStart {
  readonly row: TankRow;
  readonly origin: Origin;
  /** Of the origin's snapshot. */
  readonly state: CapturedState | undefined;
  /** Initial controls of a tank that is built from its spec. */
  readonly controls: Controls;
}

/** Counts of what was verified so far. */
export interface Checked {
  readonly entries: number;
  readonly marks: number;
  readonly snapshots: number;
  readonly ticks: number;
}

/**
 * Replays a tank step by step. Verifies every checksum of the log and every digest on the way, and
 * stops for good at the first difference.
 */
export class Replay {
  readonly origin: Origin;
  readonly world: Tank;
  readonly #checked = { entries: 0, marks: 0, snapshots: 0, ticks: 0 };
  #ahead: SoundPart = { entries: [], damage: undefined };
  #nextEntry = 0;
  #snapshots: readonly SnapshotRow[] = [];
  #nextSnapshot = 0;
  #seq: number;
  #checksum: string;
  #controls: Controls;
  #divergence: Divergence | undefined;

  /** Throws BadSnapshot, or the error of the world about an impossible spec. */
  constructor({ row, origin, state, controls }: ReplayStart) {
    this.origin = origin;
    this.world = state ? worldOf(state) : createTank(specOf(row));
    this.#controls = state?.controls ?? controls;
    this.#seq = origin.seq;
    this.#checksum = origin.checksum;
  }

  get place(): Place {
    return { seq: this.#seq, tick: this.world.tick };
  }

  get controls(): Controls {
    return this.#controls;
  }

  get checked(): Checked {
    return this.#checked;
  }

  get divergence(): Divergence | undefined {
    return this.#divergence;
  }

  /** Sets the record to replay. A later, longer one of the same tank may replace it. */
  follow({ entries, snapshots }: Pick<Chronicle, "entries" | "snapshots">): void {
    const ahead = entries.slice(after(entries, this.#seq));
    this.#ahead = soundPart({ ...this.place, checksum: this.#checksum }, ahead);
    this.#nextEntry = 0;
    this.#snapshots = snapshots.filter((one) => !isBefore(one, this.place));
    this.#nextSnapshot = 0;
  }

  /**
   * Continues until `tick` is reached and the entries of that tick are applied, by at most
   * `stepsMax` ticks or entries. Returns whether it is done.
   */
  run(tick: number, stepsMax: number): boolean {
    for (let steps = 0; steps < stepsMax; steps++) {
      if (!this.#step(tick)) return true;
    }
    return false;
  }

  #step(untilTick: number): boolean {
    if (this.#divergence) return false;
    const { entries, damage } = this.#ahead;
    const entry = entries[this.#nextEntry];
    if (entry && entry.tick <= this.world.tick) {
      this.#nextEntry++;
      this.#apply(entry);
    } else if (!entry && damage) {
      // The damaged entries, and their ticks, are unknown.
      this.#divergence = damage;
    } else if (this.world.tick < untilTick) {
      this.#tick();
    } else {
      return false;
    }
    if (!this.#divergence) this.#compareSnapshot();
    return true;
  }

  #tick(): void {
    try {
      step(this.world);
    } catch (error) {
      this.#diverge("fault", this.#seq, "a sound world", messageOf(error));
      return;
    }
    this.#controls = arrive(this.#controls, this.world.tick);
    this.#checked.ticks++;
  }

  #apply(entry: LogRow): void {
    const { seq, checksum, digest } = entry;
    const failure = this.#carryOut(entry);
    if (failure !== undefined) {
      this.#diverge("command", seq, "a command", failure);
      return;
    }
    this.#seq = seq;
    this.#checksum = checksum;
    this.#checked.entries++;
    if (digest === null) return;
    this.#checked.marks++;
    this.#compare("mark", seq, digest);
  }

  /** Applies an entry. Returns the reason of a failure. */
  #carryOut({ kind, payload }: LogRow): string | undefined {
    try {
      const command = decodeCommand(kind, payload);
      if (!command) return undefined;
      const outcome = apply(this.world, command);
      if (outcome.kind === "rejected") return `it is rejected, ${outcome.detail}`;
      this.#controls = steer(this.#controls, command, this.world.tick);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Compares the state with a snapshot that was taken at this place, if there is one. */
  #compareSnapshot(): void {
    const { place } = this;
    let snapshot = this.#snapshots[this.#nextSnapshot];
    while (snapshot && isBefore(snapshot, place)) snapshot = this.#snapshots[++this.#nextSnapshot];
    if (!snapshot || snapshot.seq !== place.seq || snapshot.tick !== place.tick) return;
    this.#nextSnapshot++;
    this.#checked.snapshots++;
    if (snapshot.log_checksum !== this.#checksum) {
      this.#diverge("chain", place.seq, `checksum ${snapshot.log_checksum}`, this.#checksum);
      return;
    }
    this.#compare("snapshot", place.seq, snapshot.digest);
  }

  #compare(kind: "mark" | "snapshot", seq: number, expected: string): void {
    const found = digestOf(this.world);
    if (found !== expected) this.#diverge(kind, seq, expected, found);
  }

  #diverge(kind: Divergence["kind"], seq: number, expected: string, found: string): void {
    this.#divergence = { kind, seq, tick: this.world.tick, expected, found };
  }
}

/** The digest, or the error message of a world with a NaN, which has none. */
function digestOf(world: Tank): string {
  try {
    return digest(world);
  } catch (error) {
    return messageOf(error);
  }
}

function isBefore(snapshot: SnapshotRow, place: Place): boolean {
  return snapshot.seq < place.seq || (snapshot.seq === place.seq && snapshot.tick < place.tick);
}

/** Index of the first entry after `seq`. Entries ascend, possibly with gaps. */
function after(entries: readonly LogRow[], seq: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
