import { LIMITS } from "../../platform/limits.ts";

/** What a node takes of another, and sends it at once. */
export interface TransferQuotas {
  /** Transfers of one node to one tank: a migration storm is slowed down, without loss. */
  readonly inboundPerSecond: number;
  /** At once, after a time with few. */
  readonly inboundBurst: number;
  /** Most transfers of one request; 1 sends each alone. */
  readonly perBatch: number;
}

export const DEFAULT_QUOTAS: TransferQuotas = {
  inboundPerSecond: 100,
  inboundBurst: 200,
  perBatch: LIMITS.transfersPerBatchMax,
};
