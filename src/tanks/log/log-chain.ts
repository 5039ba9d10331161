import type { LogRow, TankRow } from "../../store/rows.ts";

/**
 * Hex digits of a checksum: 128 bits detect damage. Protection from an attacker with access to the
 * disk is not a goal.
 */
const CHECKSUM_DIGITS = 32;

/** The log of a tank is broken: rows are missing, changed, or of another tank. */
export class BrokenLog extends Error {
  override readonly name = "BrokenLog";
}

/** The start of a tank's chain. It differs between tanks, so that their logs cannot be mixed up. */
export function firstChecksum(row: Pick<TankRow, "tank_id" | "tank_key">): string {
  return hash([row.tank_id, row.tank_key]);
}

/** The end of a new tank's log. */
export function emptyLog(row: Pick<TankRow, "tank_id" | "tank_key">) {
  return { seq: 0, tick: 0, checksum: firstChecksum(row), bytes: 0 } as const;
}

/** A row with its place in the chain: its checksum covers the row and the checksum before it. */
export function chain(previous: string, row: Omit<LogRow, "checksum">): LogRow {
  return { ...row, checksum: checksumOf(previous, row) };
}

/**
 * Verifies that `rows` continue from (`seq`, `tick`, `checksum`) without a gap, a change or a
 * decreasing tick. Returns the last checksum. Throws {@link BrokenLog}.
 */
export function verifyChain(
  start: { readonly seq: number; readonly tick: number; readonly checksum: string },
  rows: readonly LogRow[],
): string {
  let { seq, tick, checksum } = start;
  for (const row of rows) {
    if (row.seq !== seq + 1) {
      throw new BrokenLog(`the log has no entry ${seq + 1}; ${row.seq} follows ${seq}`);
    }
    if (row.checksum !== checksumOf(checksum, row)) {
      throw new BrokenLog(`entry ${row.seq} of the log does not match its checksum`);
    }
    if (row.tick < tick) {
      throw new BrokenLog(`entry ${row.seq} of the log is of tick ${row.tick}, before ${tick}`);
    }
    ({ seq, tick, checksum } = row);
  }
  return checksum;
}

function checksumOf(previous: string, row: Omit<LogRow, "checksum">): string {
  const head = [
    previous,
    row.seq,
    row.tick,
    row.kind,
    row.digest,
    row.engine_version,
    row.payload.length,
  ];
  return hash(head, row.payload);
}

/** The head is JSON, which makes it unambiguous; it includes the payload's length. */
function hash(head: readonly (string | number | null)[], payload?: Uint8Array): string {
  const sha256 = new Bun.CryptoHasher("sha256").update(JSON.stringify(head));
  if (payload) sha256.update(payload);
  return sha256.digest("hex").slice(0, CHECKSUM_DIGITS);
}
