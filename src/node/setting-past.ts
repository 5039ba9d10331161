import { LOG_RETENTIONS } from "../tanks/snapshots/retention.ts";
import { setting } from "./setting.ts";
import { choice, size } from "./setting-kinds.ts";

const MEGABYTE = 1_000_000;
const BYTES_MAX = 1_000_000 * MEGABYTE;

/** How much of the past stays on the disk. */
export const PAST_SETTINGS = {
  logRetention: setting({
    kind: choice(LOG_RETENTIONS),
    default: "trim",
    flag: "--log-retention",
    placeholder: "how",
    env: "TANKD_LOG_RETENTION",
    help: "trim keeps as much of the past as --past-per-tank and --past-per-node hold; all keeps every tank's whole past",
  }),
  pastPerTank: setting({
    kind: size(BYTES_MAX),
    // An hour (108,000 ticks) of a tank of 100 fish that exchanges them by itself: 1.5 MB of log,
    // and as much again of snapshots of 62 kB. A tank that is told nothing comes days back.
    default: 4 * MEGABYTE,
    flag: "--past-per-tank",
    placeholder: "size",
    env: "TANKD_PAST_PER_TANK",
    help: "snapshots and log that one tank keeps of its past; 0 keeps what brings it back",
  }),
  pastPerNode: setting({
    kind: size(BYTES_MAX),
    // What a card of a Raspberry Pi has to spare; a thousand tanks have 256 kB each of it.
    default: 256 * MEGABYTE,
    flag: "--past-per-node",
    placeholder: "size",
    env: "TANKD_PAST_PER_NODE",
    help: "what the pasts of all tanks may take together; each tank has the same share",
  }),
} as const;
