import type { TankRow } from "../store/rows.ts";

/** The result of the recovery of one tank. */
export type TankRecovery = {
  readonly row: TankRow;
  readonly durationMs: number;
  /** Damage that the recovery worked around. */
  readonly warnings: readonly string[];
} & (
  | {
      readonly status: "recovered";
      /** Whether it goes on from the memory of the process before. */
      readonly fromMemory: boolean;
      /** Undefined when it does, and when the tank was rebuilt from its spec and its whole log. */
      readonly snapshotSeq: number | undefined;
      readonly replayedCommands: number;
      readonly replayedTicks: number;
      readonly seq: number;
      readonly tick: number;
      /** Of the state at (seq, tick); a replay must yield the same. */
      readonly digest: string;
    }
  | { readonly status: "stopped"; readonly reason: string }
);

/** The recovery of all tanks at a start: its result, or its progress so far. */
export interface RecoveryReport {
  /** Tanks that the node has on its disk. */
  readonly total: number;
  /** Results so far; in the order of the tanks on the node once all are there. */
  readonly tanks: readonly TankRecovery[];
  readonly durationMs: number;
}

export interface RecoveryOptions {
  /** Aborts the recovery. What is in progress is dropped; it has written nothing. */
  readonly signal?: AbortSignal;
  /** Called after each tank. */
  readonly onProgress?: (report: RecoveryReport) => void;
}
