/**
 * The first thing in which a replay and the record of a tank differ. `expected` is what the record
 * says, `found` what was computed.
 *
 * - `chain`: an entry is missing, or is not the one that was written.
 * - `command`: an entry that was carried out once cannot be read or carried out.
 * - `mark`, `snapshot`: another state than the digest that was taken there.
 * - `lost`: the log ends before an entry that is known to have been there.
 * - `fault`: the world contradicts itself.
 */
export interface Divergence {
  readonly kind: "chain" | "command" | "mark" | "snapshot" | "lost" | "fault";
  /** The entry, and the tick of the world. */
  readonly seq: number;
  readonly tick: number;
  readonly expected: string;
  readonly found: string;
}

/** One sentence for people. */
export function describeDivergence({ kind, seq, tick, expected, found }: Divergence): string {
  const where = `entry ${seq}, tick ${tick}`;
  switch (kind) {
    case "chain":
      return `the log is damaged at ${where}: expected ${expected}, found ${found}`;
    case "command":
      return `${where} cannot be carried out again: ${found}`;
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
      return `the log has lost entries: ${expected} was acknowledged, ${found}`;
    case "fault":
      return `the world fails at ${where}: ${found}`;
  }
}
