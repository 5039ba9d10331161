import type { TankRow } from "../store/rows.ts";

/** How one tank came back, or why it did not. */
export type TankRecovery = {
  readonly row: TankRow;
  readonly durationMs: number;
  /** What was damaged and got round. */
  readonly warnings: readonly string[];
} & (
  | {
      readonly status: "recovered";
      /** Undefined when the tank was built from its spec and its whole log. */
      readonly snapshotSeq: number | undefined;
      readonly replayedCommands: number;
      readonly replayedTicks: number;
      readonly seq: number;
      readonly tick: number;
      /** Of the state at (seq, tick), to be compared with a replay. */
      readonly digest: string;
    }
  | { readonly status: "stopped"; readonly reason: string }
);

/** What a start brought back, or has brought back so far. */
export interface RecoveryReport {
  /** Tanks that the node has on its disk. */
  readonly total: number;
  /** Those that are through, in their order on the node once all are. */
  readonly tanks: readonly TankRecovery[];
  readonly durationMs: number;
}

export interface RecoveryOptions {
  /** Ends the recovery: what is under way is given up, and nothing of it is on the disk. */
  readonly signal?: AbortSignal;
  /** Hears of each tank that is through. */
  readonly onProgress?: (report: RecoveryReport) => void;
}
