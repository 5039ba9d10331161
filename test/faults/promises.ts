import { z } from "zod";
import type { LogRow, TankRow } from "../../src/store/rows.ts";
import { decodeCommand } from "../../src/tanks/log/command-codec.ts";

/** A change of a tank as it was asked for, in the words of the log. */
export type Wish =
  | { readonly kind: "feed"; readonly portions: number }
  | { readonly kind: "spawn"; readonly fish: number }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "set_tick_rate"; readonly ticksPerSecond: number };

export const stampSchema = z.object({ epoch: z.number(), tick: z.number(), seq: z.number() });
export type Stamp = z.infer<typeof stampSchema>;

export interface Founding {
  readonly name: string;
  readonly fish: number;
  readonly seed: number;
}

/**
 * What one tank has promised to its clients, and what they have asked without hearing an answer.
 */
interface TankPromises {
  /** Undefined for a tank of the node's own. */
  readonly founding: Founding | undefined;
  readonly done: Map<number, { readonly wish: Wish; readonly stamp: Stamp }>;
  /** Highest row of the log that was compared. */
  compared: number;
  readonly open: Wish[];
  removal: "none" | "asked" | "done";
}

/**
 * Everything that a node has acknowledged, over all its lives, and everything that it may or may
 * not have done. It speaks for the clients: what they know is compared with what the disk holds.
 */
export class Promises {
  readonly #tanks = new Map<string, TankPromises>();
  /** Tanks that were asked for without hearing an answer, by name. */
  readonly #foundings = new Map<string, Founding>();
  acknowledged = 0;

  /** A tank that the node made by itself at its first start. */
  found(tankId: string): void {
    this.#add(tankId, undefined);
  }

  askedToCreate(founding: Founding): void {
    this.#foundings.set(founding.name, founding);
  }

  refusedToCreate({ name }: Founding): void {
    this.#foundings.delete(name);
  }

  created(tankId: string, founding: Founding): void {
    this.#foundings.delete(founding.name);
    this.#add(tankId, founding);
    this.acknowledged++;
  }

  asked(tankId: string, wish: Wish): void {
    this.#tank(tankId).open.push(wish);
  }

  refused(tankId: string, wish: Wish): void {
    const { open } = this.#tank(tankId);
    open.splice(open.indexOf(wish), 1);
  }

  did(tankId: string, wish: Wish, stamp: Stamp): void {
    this.refused(tankId, wish);
    const { done } = this.#tank(tankId);
    const twice = done.get(stamp.seq);
    if (twice) throw new Error(`tank ${tankId} gave number ${stamp.seq} to two commands`);
    done.set(stamp.seq, { wish, stamp });
    this.acknowledged++;
  }

  askedToRemove(tankId: string): void {
    this.#tank(tankId).removal = "asked";
  }

  refusedToRemove(tankId: string): void {
    this.#tank(tankId).removal = "none";
  }

  removed(tankId: string): void {
    this.#tank(tankId).removal = "done";
    this.acknowledged++;
  }

  /** Tanks that are there for certain, and not about to go. */
  get tankIds(): readonly string[] {
    return [...this.#tanks].flatMap(([id, { removal }]) => (removal === "none" ? [id] : []));
  }

  /**
   * Compares the tanks on the disk with what was promised, and learns what became of open wishes.
   */
  compareTanks(rows: readonly TankRow[]): void {
    const there = new Map(rows.map((row) => [row.tank_id, row]));
    for (const [tankId, { removal, founding }] of this.#tanks) {
      const row = there.get(tankId);
      if (removal === "none" && !row) throw new Error(`tank ${tankId} is lost`);
      if (removal === "done" && row) throw new Error(`tank ${tankId} was removed and is there`);
      if (row && founding) sameFounding(row, founding);
      if (row) this.#tank(tankId).removal = "none";
      else this.#tanks.delete(tankId);
    }
    for (const row of rows) {
      if (this.#tanks.has(row.tank_id)) continue;
      const founding = this.#foundings.get(row.name);
      if (!founding) throw new Error(`nobody has asked for tank ${row.tank_id} ("${row.name}")`);
      sameFounding(row, founding);
      this.#add(row.tank_id, founding);
    }
    this.#foundings.clear();
  }

  /**
   * Compares the log of a tank with what was promised since the last look, in every field. Entries
   * up to `droppedUpTo` are covered by snapshots and may be gone.
   */
  compareLog(row: TankRow, log: readonly LogRow[], droppedUpTo: number): void {
    const tank = this.#tank(row.tank_id);
    for (const entry of log) if (entry.seq > tank.compared) this.#compareEntry(tank, row, entry);
    for (const [seq, { wish }] of tank.done) {
      if (seq > droppedUpTo) throw new Error(`${row.tank_id} lost entry ${seq} (${wish.kind})`);
    }
    tank.compared = Math.max(tank.compared, droppedUpTo, log.at(-1)?.seq ?? 0);
    // What a dead node was asked is answered by nobody any more.
    tank.done.clear();
    tank.open.length = 0;
  }

  #compareEntry(tank: TankPromises, row: TankRow, entry: LogRow): void {
    const where = `entry ${entry.seq} (${entry.kind}, tick ${entry.tick}) of ${row.tank_id}`;
    const command = decodeCommand(entry.kind, entry.payload);
    const promised = tank.done.get(entry.seq);
    if (promised) {
      const { wish, stamp } = promised;
      const same =
        Bun.deepEquals(command, wish) && entry.tick === stamp.tick && row.epoch === stamp.epoch;
      if (!same) throw new Error(`${where} is not ${JSON.stringify(promised)} as acknowledged`);
      tank.done.delete(entry.seq);
      return;
    }
    if (command === undefined) return;
    const asked = tank.open.findIndex((wish) => Bun.deepEquals(wish, command));
    if (asked < 0)
      throw new Error(`${where} was asked for by nobody, was refused, or is there twice`);
    tank.open.splice(asked, 1);
  }

  #add(tankId: string, founding: Founding | undefined): void {
    this.#tanks.set(tankId, { founding, done: new Map(), compared: 0, open: [], removal: "none" });
  }

  #tank(tankId: string): TankPromises {
    const tank = this.#tanks.get(tankId);
    if (!tank) throw new Error(`nothing is known of tank ${tankId}`);
    return tank;
  }
}

function sameFounding(row: TankRow, { name, fish, seed }: Founding): void {
  const same = row.name === name && row.fish === fish && row.seed === seed;
  if (!same)
    throw new Error(`tank ${row.tank_id} is not what it was made as: ${JSON.stringify(row)}`);
}
