import { LOG_RETENTIONS } from "../../tanks/snapshots/retention.ts";
import { choice, size } from "./kinds.ts";
import { setting } from "./setting.ts";

const MEGABYTE = 1_000_000;
const BYTES_MAX = 1_000_000 * MEGABYTE;

/** How much of the past is kept on the disk. */
export const PAST_SETTINGS = {
  logRetention: setting({
    kind: choice(LOG_RETENTIONS),
    default: "trim",
    flag: "--log-retention",
    placeholder: "how",
    env: "TANKD_LOG_RETENTION",
    help:
      "trim keeps as much of the past as --past-per-tank and --past-per-node allow; " +
      "all keeps every tank's whole past",
  }),
  pastPerTank: setting({
    kind: size(BYTES_MAX),
    // An hour (108,000 ticks) of a tank of 100 fish with automatic migration: 1.5 MB of log, and as
    // much for snapshots of 62 kB. For a tank without commands it is enough for days.
    default: 4 * MEGABYTE,
    flag: "--past-per-tank",
    placeholder: "size",
    env: "TANKD_PAST_PER_TANK",
    help: "size of the past (snapshots and log) that a tank keeps; 0 keeps what recovery needs",
  }),
  pastPerNode: setting({
    kind: size(BYTES_MAX),
    // Small enough for the SD card of a Raspberry Pi; a thousand tanks get 256 kB each.
    default: 256 * MEGABYTE,
    flag: "--past-per-node",
    placeholder: "size",
    env: "TANKD_PAST_PER_NODE",
    help: "size of the pasts of all tanks together; each tank gets the same share",
  }),
} as const;
