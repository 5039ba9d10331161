/**
 * The first difference between a replay and the record of a tank. `expected` is from the record,
 * `found` was computed.
 *
 * - `chain`: an entry is missing or was changed.
 * - `command`: an entry cannot be read or applied.
 * - `mark`, `snapshot`: the state does not match the digest that was recorded.
 * - `lost`: the log ends before an entry that is known to have existed.
 * - `fault`: the world violates an invariant.
 */
export interface Divergence {
  readonly kind: "chain" | "command" | "mark" | "snapshot" | "lost" | "fault";
  /** The entry, and the tick of the world. */
  readonly seq: number;
  readonly tick: number;
  readonly expected: string;
  readonly found: string;
}

/** One sentence for users. */
export function describeDivergence({ kind, seq, tick, expected, found }: Divergence): string {
  const where = `entry ${seq}, tick ${tick}`;
  switch (kind) {
    case "chain":
      return `the log is damaged at ${where}: expected ${expected}, found ${found}`;
    case "command":
      return `${where} cannot be applied again: ${found}`;
    case "mark":
      return (
        `the replay differs from the log at ${where}: digest ${expected} was logged, ` +
        `${found} was computed`
      );
    case "snapshot":
      return (
        `the replay differs from the snapshot at ${where}: its digest is ${expected}, ` +
        `${found} was computed`
      );
    case "lost":
      return `the log has lost entries: ${expected} was acknowledged, but ${found}`;
    case "fault":
      return `the world fails at ${where}: ${found}`;
  }
}
