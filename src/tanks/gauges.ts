import type { Clock } from "../platform/clock.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { HostedTank } from "./tanks.ts";
import { TICKS_BEHIND, type Work } from "./thread/work-meter.ts";

const STATUSES = ["running", "paused", "stopped"] as const;

/** Summing up a thousand tanks takes a millisecond, and scrapes are rarer than this. */
const GAUGES_INTERVAL_MS = 1000;

/** Updates the tank metrics of a node. */
export class TankMeters {
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #list: () => readonly HostedTank[];
  #gaugedMs = Number.NEGATIVE_INFINITY;

  constructor(metrics: Metrics, clock: Clock, list: () => readonly HostedTank[]) {
    this.#metrics = metrics;
    this.#clock = clock;
    this.#list = list;
  }

  /** Called with each batch of reports, and the work of their thread since the last batch. */
  reported(work: Work): void {
    countWork(this.#metrics, work);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#gaugedMs < GAUGES_INTERVAL_MS) return;
    this.#gaugedMs = nowMs;
    setTankGauges(this.#metrics, this.#list());
  }
}

/** Adds the work of a simulation thread to the counters. */
export function countWork(metrics: Metrics, work: Work): void {
  const { ticksBehind, ticksSkipped, captureMs } = work;
  for (const [place, ticks] of ticksBehind.entries()) {
    const behind = String(TICKS_BEHIND[place]);
    if (ticks > 0) metrics.count("tankd_scheduled_ticks_total", { behind }, ticks);
  }
  metrics.count("tankd_skipped_ticks_total", {}, ticksSkipped);
  metrics.count("tankd_snapshot_capture_seconds_total", {}, captureMs / 1000);
}

/** Sets the gauges that sum up the tanks of this node. */
function setTankGauges(metrics: Metrics, tanks: readonly HostedTank[]): void {
  for (const status of STATUSES) {
    const count = tanks.filter((tank) => tank.status === status).length;
    metrics.set("tankd_tanks", count, { status });
  }
  const sum = (of: (tank: HostedTank) => number) =>
    tanks.reduce((total, tank) => total + of(tank), 0);
  metrics.set(
    "tankd_fish",
    sum((tank) => tank.stats.alive),
  );
  metrics.set(
    "tankd_tank_ticks_per_second",
    sum((tank) => tank.achievedRate),
  );
  metrics.set(
    "tankd_tank_lag_ticks_max",
    tanks.reduce((worst, tank) => Math.max(worst, tank.tickLag), 0),
  );
}
