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

/** What a start brought back. */
export interface RecoveryReport {
  readonly tanks: readonly TankRecovery[];
  readonly durationMs: number;
}
