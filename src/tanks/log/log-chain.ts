import { createHash } from "node:crypto";
import type { LogRow, TankRow } from "../../store/rows.ts";

/**
 * Hex digits of a checksum: 128 bits tell damage from chance; an attacker with the disk is no aim.
 */
const CHECKSUM_DIGITS = 32;

/** The log of a tank does not hold together: rows are missing, changed, or from elsewhere. */
export class BrokenLog extends Error {
  override readonly name = "BrokenLog";
}

/** Where the chain of a tank begins, so that the log of another tank does not fit it. */
export function firstChecksum(row: Pick<TankRow, "tank_id" | "tank_key">): string {
  return hash([row.tank_id, row.tank_key]);
}

/** A row with its place in the chain: its checksum covers the row and the checksum before it. */
export function chain(previous: string, row: Omit<LogRow, "checksum">): LogRow {
  return { ...row, checksum: checksumOf(previous, row) };
}

/**
 * Verifies that `rows` go on where (`seq`, `tick`, `checksum`) ended: no gap, no change, time never
 * going back. Returns the last checksum. Throws {@link BrokenLog}.
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

/** The head is JSON, so that no two heads read the same; the payload's length is part of it. */
function hash(head: readonly (string | number | null)[], payload?: Uint8Array): string {
  const sha256 = createHash("sha256").update(JSON.stringify(head));
  if (payload) sha256.update(payload);
  return sha256.digest("hex").slice(0, CHECKSUM_DIGITS);
}
