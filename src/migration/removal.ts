import { Problem } from "../platform/errors.ts";
import { KeyedMutex } from "../platform/mutex.ts";
import type { Journal } from "../store/journal.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { Outgoing } from "./transfer/outgoing.ts";

export interface RemovalPorts {
  readonly tanks: Tanks;
  readonly journal: Journal;
  readonly outgoing: Outgoing;
}

/**
 * Removes tanks. A fish in escrow may have to return, so its tank has to exist until it is settled;
 * and no fish may leave between that check and the removal of the tank.
 */
export class Removal {
  readonly #ports: RemovalPorts;
  readonly #removals = new KeyedMutex();

  constructor(ports: RemovalPorts) {
    this.#ports = ports;
  }

  /** Rejects with Problem `escrow_open`, or like {@link Tanks.remove}; then the tank continues. */
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

  /** Checked on the disk too: open transfers of the last run may not be resumed yet. */
  async #hasEscrow(tankId: string): Promise<boolean> {
    const { journal, outgoing } = this.#ports;
    if (outgoing.hasOpen(tankId)) return true;
    return (await journal.openOutbox()).some((row) => row.source_tank_id === tankId);
  }
}
