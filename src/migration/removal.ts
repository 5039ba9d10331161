import { Problem } from "../platform/errors.ts";
import { KeyedMutex } from "../platform/mutex.ts";
import type { Journal } from "../store/journal.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { Outgoing } from "./outgoing.ts";

export interface RemovalPorts {
  readonly tanks: Tanks;
  readonly journal: Journal;
  readonly outgoing: Outgoing;
}

/**
 * Removes tanks. A fish in escrow may have to come back, so its tank has to be there until it is
 * settled; and no fish may leave between that look and the end of the tank.
 */
export class Removal {
  readonly #ports: RemovalPorts;
  readonly #removals = new KeyedMutex();

  constructor(ports: RemovalPorts) {
    this.#ports = ports;
  }

  /** Rejects with Problem `escrow_open`, or as {@link Tanks.remove}; then the tank goes on. */
  remove(tankId: string): Promise<void> {
    const { tanks, outgoing } = this.#ports;
    return this.#removals.run(tankId, async () => {
      outgoing.close(tankId);
      try {
        if (await this.#hasEscrow(tankId)) {
          throw new Problem(
            "escrow_open",
            `Fish of tank ${tankId} are on their way; ` +
              "see GET /api/transfers and try again when they have arrived",
          );
        }
        await tanks.remove(tankId);
      } finally {
        outgoing.reopen(tankId);
      }
    });
  }

  /** Also on disk: what the last run left open may not be taken up again yet. */
  async #hasEscrow(tankId: string): Promise<boolean> {
    const { journal, outgoing } = this.#ports;
    if (outgoing.hasOpen(tankId)) return true;
    return (await journal.openOutbox()).some((row) => row.source_tank_id === tankId);
  }
}
