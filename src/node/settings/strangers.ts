import { STRANGER_BUDGET } from "../../migration/transfer/strangers.ts";
import { LIMITS } from "../../platform/limits.ts";
import { integer } from "./kinds.ts";
import { setting } from "./setting.ts";

/** What nodes that are not of the cluster may use of this one, all together. */
export const STRANGER_SETTINGS = {
  strangerTransfers: setting({
    kind: integer(1, LIMITS.connectionRateMax),
    default: STRANGER_BUDGET.perMinute,
    flag: "--stranger-transfers",
    placeholder: "number",
    env: "TANKD_STRANGER_TRANSFERS",
    help:
      "transfers a minute that are looked at from all nodes together that are not of the " +
      "cluster",
  }),
  strangerFish: setting({
    kind: integer(0, 100),
    default: STRANGER_BUDGET.tankPercent,
    flag: "--stranger-fish",
    placeholder: "percent",
    env: "TANKD_STRANGER_FISH",
    help: "share of a tank's capacity that fish from such nodes may fill",
  }),
  strangerRows: setting({
    kind: integer(100, LIMITS.strangerRowsMax),
    default: STRANGER_BUDGET.rowsMax,
    flag: "--stranger-rows",
    placeholder: "number",
    env: "TANKD_STRANGER_ROWS",
    help:
      "decisions on transfers from such nodes that are kept, and pairs of their tanks and this " +
      "node's that are dealt with",
  }),
} as const;
