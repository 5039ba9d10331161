import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { ChainedState, TankIncarnation } from "../tank-incarnation.ts";
import type { Snapshots } from "./snapshots.ts";

export interface SnapshotTakerDeps {
  readonly snapshots: Snapshots;
  readonly tankId: string;
  readonly engineVersion: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Writes snapshots of one tank, one at a time, and only of durable states. */
export class SnapshotTaker {
  readonly #deps: SnapshotTakerDeps;
  #running: Promise<void> | undefined;

  constructor(deps: SnapshotTakerDeps) {
    this.#deps = deps;
  }

  /** Drops the state if the one before is still being written: a later one will do. */
  offer(incarnation: TankIncarnation, chained: ChainedState): void {
    this.#running ??= this.take(incarnation, chained).finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Never rejects: without a snapshot the log is longer, and nothing is lost. */
  async take(incarnation: TankIncarnation, { state, logEnd }: ChainedState): Promise<void> {
    const { snapshots, tankId, engineVersion, clock, log, metrics } = this.#deps;
    const { seq, tick } = state;
    try {
      await incarnation.commit([]);
      if (snapshots.has(state)) return;
      const createdAtMs = clock.wallMs();
      const startedMs = clock.monotonicMs();
      const row = await snapshots.write({ state, engineVersion, logEnd, createdAtMs }, (writes) =>
        incarnation.commit(writes),
      );
      const durationMs = clock.monotonicMs() - startedMs;
      metrics.count("tankd_snapshots_total");
      metrics.count("tankd_snapshot_bytes_total", {}, row.bytes);
      metrics.count("tankd_snapshot_write_seconds_total", {}, durationMs / 1000);
      log.debug("snapshot written", { tank_id: tankId, seq, tick, bytes: row.bytes });
    } catch (error) {
      log.warn("snapshot failed", { tank_id: tankId, seq, tick, reason: messageOf(error) });
    }
  }
}
