import { type Cancel, repeat, type Timers } from "../../platform/timers.ts";
import { chooseReassignment, type PlacedTank, slotForNewTank } from "../balancing.ts";
import { type ThreadEvents, type ThreadPorts, ThreadSlot } from "./thread-slot.ts";
import { WATCHDOG_INTERVAL_MS } from "./watchdog.ts";

/** How often threads are compared: demand changes with the populations, over minutes. */
const BALANCE_INTERVAL_MS = 5000;
/**
 * A reassignment stops its tank for some milliseconds: of a thousand small tanks only a few change
 * threads at once.
 */
const REASSIGNMENTS_PER_BALANCE_MAX = 16;

/** A tank as the scheduler of threads sees it. */
export interface Tenant {
  readonly slot: ThreadSlot;
  readonly demand: number | undefined;
  readonly reassignable: boolean;
  /** Never rejects. */
  reassign(slot: ThreadSlot): Promise<void>;
}

/** The simulation threads of a node: assigns tanks to them and balances the load. */
export class SimulationSlots {
  readonly #slots: readonly ThreadSlot[];
  readonly #tenants: ReadonlyMap<string, Tenant>;
  readonly #timers: Timers;
  /** Empty until the first thread is opened. */
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

  /** The slot for a new tank, opened. */
  place(): ThreadSlot {
    const slot = this.#slots[slotForNewTank(this.#placed(), this.#usable())];
    if (!slot) throw new Error("there is at least one simulation thread");
    slot.open();
    this.#startTimers();
    return slot;
  }

  /** Reassigns tanks from the busiest thread to the least busy one until they are balanced. */
  async balance(): Promise<void> {
    for (let done = 0; done < REASSIGNMENTS_PER_BALANCE_MAX; done++) {
      const next = chooseReassignment(this.#placed(), this.#usable());
      const slot = next && this.#slots[next.to];
      if (!slot) return;
      slot.open();
      await this.#tenants.get(next.tankId)?.reassign(slot);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#cancels) cancel();
    await Promise.all(this.#slots.map((slot) => slot.stop()));
  }

  /** Starts watchdog and balancing with the first thread: a node without tanks has none. */
  #startTimers(): void {
    if (this.#cancels.length > 0 || this.#stopped) return;
    const check = () => {
      for (const slot of this.#slots) slot.checkHeartbeat();
    };
    this.#cancels = [
      repeat(this.#timers, WATCHDOG_INTERVAL_MS, check),
      ...(this.#slots.length > 1
        ? [repeat(this.#timers, BALANCE_INTERVAL_MS, () => this.balance())]
        : []),
    ];
  }

  #usable(): readonly boolean[] {
    return this.#slots.map((slot) => slot.usable);
  }

  #placed(): readonly PlacedTank[] {
    return [...this.#tenants].map(([tankId, { slot, demand, reassignable }]) => ({
      tankId,
      slot: slot.index,
      demand,
      reassignable,
    }));
  }
}
