import type { Identity } from "../../../src/cluster/identity/identity.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import type { JournalBounds } from "../../../src/store/journal.ts";
import { MemoryStore } from "../../../src/store/memory/store.ts";

/** A node on a simulated machine: the machine and its disk stay, what runs on it comes and goes. */
export abstract class SimulatedNode<Running> {
  abstract readonly identity: Identity;
  readonly host: SimulatedHost;
  /** May be exchanged while nothing runs. */
  store: MemoryStore;
  /** Set by each start, as soon as there is something to ask. */
  protected program: Running | undefined;

  constructor(host: SimulatedHost, bounds?: JournalBounds) {
    this.host = host;
    this.store = new MemoryStore(bounds);
  }

  get name(): string {
    return this.host.name;
  }

  /** Undefined while it does not run, or has not come to its first line. */
  get running(): Running | undefined {
    return this.host.process ? this.program : undefined;
  }

  get isUp(): boolean {
    return this.running !== undefined;
  }

  kill(): void {
    this.host.kill();
  }
}
