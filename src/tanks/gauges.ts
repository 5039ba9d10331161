import type { Metrics } from "../telemetry/metrics.ts";
import type { HostedTank } from "./tanks.ts";

const STATUSES = ["running", "paused", "stopped"] as const;

/** What `/metrics` says of the tanks of this node. */
export function setTankGauges(metrics: Metrics, tanks: readonly HostedTank[]): void {
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
