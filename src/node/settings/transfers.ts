import { DEFAULT_QUOTAS } from "../../migration/transfer/quotas.ts";
import { LIMITS } from "../../platform/limits.ts";
import { integer } from "./kinds.ts";
import { setting } from "./setting.ts";

/** How many fish another node may send here; a trusted cluster on fast machines takes more. */
export const TRANSFER_SETTINGS = {
  inboundTransfersPerSecond: setting({
    kind: integer(1, LIMITS.inboundTransfersMax),
    default: DEFAULT_QUOTAS.inboundPerSecond,
    flag: "--inbound-transfers-per-second",
    placeholder: "number",
    env: "TANKD_INBOUND_TRANSFERS_PER_SECOND",
    help: "fish that one node may send to one tank here; more are told to wait, and none is lost",
  }),
  inboundTransfersBurst: setting({
    kind: integer(1, LIMITS.inboundTransfersMax),
    default: DEFAULT_QUOTAS.inboundBurst,
    flag: "--inbound-transfers-burst",
    placeholder: "number",
    env: "TANKD_INBOUND_TRANSFERS_BURST",
    help: "fish that it may send at once, if it has sent few before",
  }),
  transfersPerBatch: setting({
    kind: integer(1, LIMITS.transfersPerBatchMax),
    default: DEFAULT_QUOTAS.perBatch,
    flag: "--transfers-per-batch",
    placeholder: "number",
    env: "TANKD_TRANSFERS_PER_BATCH",
    help: "most fish that share a request to another node; 1 sends each alone",
  }),
} as const;
