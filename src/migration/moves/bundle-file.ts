import { createHash } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { messageOf, Problem } from "../../platform/errors.ts";
import { readShaped } from "../../platform/issue-words.ts";
import { LIMITS } from "../../platform/limits.ts";
import { MOVE_LIMITS } from "../../platform/limits-moves.ts";
import type { LogRow, SnapshotRow, TankRow } from "../../store/rows.ts";
import { tankSchema } from "../../tanks/archive/archive-header.ts";
import { packLog, unpackLog } from "../../tanks/archive/log-section.ts";
import { type BundleRows, bundleRowsSchema, rowsToJson } from "./bundle-rows.ts";

/**
 * A tank as it travels, little-endian:
 *
 *     8 bytes   "TANKDMV1"
 *     4 bytes   length of the header
 *     …         header: JSON in UTF-8
 *     …         the files of its snapshots, newest first, as they are
 *     …         its log, packed as in an archive
 *     …         the rows that travel with it (bundle-rows.ts), packed by zstd
 *
 * Its SHA-256 is in the offer and in the row of the move.
 */
const MAGIC = new TextEncoder().encode("TANKDMV1");
const HEAD_AT = MAGIC.length + 4;

export interface TankBundle {
  /** As it was at its former owner. */
  readonly row: TankRow;
  readonly engineVersion: number;
  /** Newest first. */
  readonly snapshots: readonly { readonly row: SnapshotRow; readonly file: Uint8Array }[];
  readonly entries: readonly LogRow[];
  readonly rows: BundleRows;
}

const count = z.number().int().nonnegative();
const hex32 = z.string().regex(/^[0-9a-f]{32}$/);
const snapshotSchema = z.strictObject({
  tank_id: z.string(),
  seq: count,
  tick: count,
  digest: hex32,
  file: z.string().max(200),
  bytes: count,
  engine_version: count,
  log_checksum: hex32,
  created_at: count,
  log_bytes: count,
}) satisfies z.ZodType<SnapshotRow>;

const headerSchema = z.strictObject({
  tank: tankSchema,
  engine_version: count,
  snapshots: z.array(snapshotSchema).max(LIMITS.archiveSnapshotsMax),
  log: z.strictObject({
    entries: count.max(LIMITS.archiveEntriesMax),
    bytes: count,
    unpacked_bytes: count.max(LIMITS.archiveLogBytesMax),
  }),
  rows_bytes: count,
});
type Header = z.infer<typeof headerSchema>;

export function digestOfBundle(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** @throws Problem `archive_too_large` */
export function encodeBundle(bundle: TankBundle): Uint8Array<ArrayBuffer> {
  const { row, engineVersion, snapshots, entries } = bundle;
  const log = packLog(entries);
  const rows = new Uint8Array(zstdCompressSync(rowsToJson(bundle.rows)));
  const header: Header = {
    tank: row,
    engine_version: engineVersion,
    snapshots: snapshots.map((one) => one.row),
    log: { entries: entries.length, bytes: log.packed.length, unpacked_bytes: log.unpackedBytes },
    rows_bytes: rows.length,
  };
  const head = new TextEncoder().encode(JSON.stringify(header));
  const parts = [head, ...snapshots.map(({ file }) => file), log.packed, rows];
  const length = parts.reduce((sum, part) => sum + part.length, HEAD_AT);
  if (length > MOVE_LIMITS.bundleBytesMax || head.length > MOVE_LIMITS.bundleHeaderBytesMax) {
    throw new Problem(
      "archive_too_large",
      `the tank with its past has ${length} bytes, and ${MOVE_LIMITS.bundleBytesMax} can move: ` +
        "keep less of its past (--past-per-tank)",
    );
  }
  const bytes = new Uint8Array(length);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(MAGIC.length, head.length, true);
  let at = HEAD_AT;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Memory is bounded by the limits of the header. @throws Problem `bad_archive` */
export function decodeBundle(bytes: Uint8Array): TankBundle {
  try {
    return takeApart(bytes);
  } catch (error) {
    const why = messageOf(error).split("\n")[0];
    throw new Problem("bad_archive", `the tank that was sent cannot be read: ${why}`);
  }
}

function takeApart(bytes: Uint8Array): TankBundle {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) throw new Error("it is no tank");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = HEAD_AT;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new RangeError("it is cut off");
    const part = bytes.subarray(at, at + length);
    at += length;
    return part;
  };
  const headBytes = view.getUint32(MAGIC.length, true);
  if (headBytes > MOVE_LIMITS.bundleHeaderBytesMax) throw new RangeError("its header is too long");
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  const header = readShaped(headerSchema, JSON.parse(utf8.decode(take(headBytes))));
  const { tank: row, log } = header;
  const snapshots = header.snapshots.map((one) => ({ row: one, file: take(one.bytes).slice() }));
  const entries = unpackLog(take(log.bytes), {
    tankId: row.tank_id,
    entries: log.entries,
    unpackedBytes: log.unpacked_bytes,
  });
  const unpacked = zstdDecompressSync(take(header.rows_bytes), {
    maxOutputLength: MOVE_LIMITS.bundleRowsBytesMax,
  });
  if (at !== bytes.length) throw new RangeError("it is longer than it says");
  const rows = readShaped(bundleRowsSchema, JSON.parse(utf8.decode(unpacked)));
  return { row, engineVersion: header.engine_version, snapshots, entries, rows };
}
