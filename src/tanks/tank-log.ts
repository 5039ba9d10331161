import { messageOf } from "../platform/errors.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";

/** Log messages about one tank. */
export class TankLog {
  readonly #log: Log;
  readonly #row: TankRow;
  #stoppedBy: string | undefined;

  constructor(log: Log, row: TankRow) {
    this.#log = log;
    this.#row = row;
  }

  warn(event: string, error: unknown): void {
    this.#log.warn(event, { tank_id: this.#row.tank_id, reason: messageOf(error) });
  }

  /** Logged once for each reason: repeated attempts would fill the log. */
  stopped(reason: string): void {
    const { tank_id, name } = this.#row;
    if (reason !== this.#stoppedBy) this.#log.error("tank stopped", { tank_id, name, reason });
    this.#stoppedBy = reason;
  }

  /** The next stop is logged again, whatever its reason. */
  recovered(): void {
    this.#stoppedBy = undefined;
  }
}
