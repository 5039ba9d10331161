import { type Cancel, repeat, type Timers } from "../../platform/timers.ts";
import { chooseMove, type PlacedTank, slotForNewTank } from "../balancing.ts";
import { LOOK_INTERVAL_MS } from "./hang-watch.ts";
import { type ThreadEvents, type ThreadPorts, ThreadSlot } from "./thread-slot.ts";

/** How often the threads are compared: demands change as populations grow, over minutes. */
const BALANCE_INTERVAL_MS = 5000;
/**
 * A move costs some milliseconds of the tank's time: a thousand small tanks are not moved at once.
 */
const MOVES_PER_BALANCE_MAX = 16;

/** A tank as one of those that share the threads. */
export interface Tenant {
  readonly slot: ThreadSlot;
  readonly demand: number | undefined;
  readonly movable: boolean;
  /** Never rejects. */
  moveTo(slot: ThreadSlot): Promise<void>;
}

/** The simulation threads of a node: where tanks go, and that they share the work fairly. */
export class SimulationSlots {
  readonly #slots: readonly ThreadSlot[];
  readonly #tenants: ReadonlyMap<string, Tenant>;
  readonly #timers: Timers;
  /** Empty until there is a thread to look after. */
  #cancels: readonly Cancel[] = [];
  #stopped = false;

  constructor(
    count: number,
    ports: ThreadPorts,
    events: ThreadEvents,
    tenants: ReadonlyMap<string, Tenant>,
  ) {
    this.#tenants = tenants;
    this.#slots = Array.from({ length: count }, (_, index) => new ThreadSlot(index, ports, events));
    this.#timers = ports.timers;
  }

  /** The slot for one more tank, opened. */
  place(): ThreadSlot {
    const slot = this.#slots[slotForNewTank(this.#placed(), this.#usable())];
    if (!slot) throw new Error("there is at least one simulation thread");
    slot.open();
    this.#tend();
    return slot;
  }

  /** Moves tanks from the busiest thread to the least busy until they are about even. */
  async balance(): Promise<void> {
    for (let moves = 0; moves < MOVES_PER_BALANCE_MAX; moves++) {
      const move = chooseMove(this.#placed(), this.#usable());
      const slot = move && this.#slots[move.to];
      if (!slot) return;
      slot.open();
      await this.#tenants.get(move.tankId)?.moveTo(slot);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    await Promise.all(this.#slots.map((slot) => slot.stop()));
  }

  /** Looks after the threads from the first one on: a node without tanks has none. */
  #tend(): void {
    if (this.#cancels.length > 0 || this.#stopped) return;
    const look = () => {
      for (const slot of this.#slots) slot.look();
    };
    this.#cancels = [
      repeat(this.#timers, LOOK_INTERVAL_MS, look),
      ...(this.#slots.length > 1
        ? [repeat(this.#timers, BALANCE_INTERVAL_MS, () => this.balance())]
        : []),
    ];
  }

  #usable(): readonly boolean[] {
    return this.#slots.map((slot) => slot.usable);
  }

  #placed(): readonly PlacedTank[] {
    return [...this.#tenants].map(([tankId, { slot, demand, movable }]) => ({
      tankId,
      slot: slot.index,
      demand,
      movable,
    }));
  }
}
