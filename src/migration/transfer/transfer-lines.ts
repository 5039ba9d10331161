import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import { BoundedLog } from "../../telemetry/bounded-log.ts";
import type { Log } from "../../telemetry/log.ts";

/** The kind of lines of {@link transferLines}. */
export const TRANSFER_LINES = "transfers";

/** A line for each transfer at one end, as long as they are few enough to be read. */
export function transferLines({
  log,
  clock,
}: {
  readonly log: Log;
  readonly clock: Clock;
}): BoundedLog {
  return new BoundedLog(log, clock, {
    [TRANSFER_LINES]: {
      perSecond: LIMITS.transferLinesPerSecond,
      burst: LIMITS.transferLinesBurst,
    },
  });
}
