import { createHash } from "node:crypto";
import { messageOf } from "../../platform/errors.ts";
import { describeFirst } from "../../platform/issue-words.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { SnapshotRow } from "../../store/rows.ts";
import { snapshotFolder } from "../snapshots/snapshot-making.ts";
import { MARK_TICKS } from "../thread/paced-tank.ts";
import type { TankArchive } from "./archive.ts";
import { type ArchiveHeader, archiveHeaderSchema } from "./archive-header.ts";
import { packLog, unpackLog } from "./log-section.ts";

/**
 * The file of an archive, little-endian:
 *
 *     8 bytes   "TANKDAR1"
 *     4 bytes   length of the header
 *     …         header: JSON in UTF-8 (archive-header.ts)
 *     …         the base: the file of a snapshot as it is, packed already; or nothing
 *     …         the log, packed (log-section.ts)
 *     32 bytes  SHA-256 of everything before
 */
const MAGIC = new TextEncoder().encode("TANKDAR1");
const LENGTH_BYTES = 4;
const HEAD_AT = MAGIC.length + LENGTH_BYTES;
const SUM_BYTES = 32;

/** The file, or the reason why there is none. */
export type EncodedArchive =
  | { readonly kind: "ok"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "too_large"; readonly detail: string };

/** The archive, or the reason why the bytes are not one. */
export type DecodedArchive =
  | { readonly kind: "ok"; readonly archive: TankArchive }
  | { readonly kind: "bad"; readonly detail: string };

export function encodeArchive(archive: TankArchive): EncodedArchive {
  const { base, entries } = archive;
  const log = packLog(entries);
  const file = base?.file ?? new Uint8Array();
  const header = headerOf(archive, log.packed.length, log.unpackedBytes);
  const head = new TextEncoder().encode(JSON.stringify(header));
  const parts = [head, file, log.packed];
  const bodyBytes = parts.reduce((sum, part) => sum + part.length, HEAD_AT);
  const fits =
    bodyBytes + SUM_BYTES <= LIMITS.archiveBytesMax &&
    head.length <= LIMITS.archiveHeaderBytesMax &&
    log.unpackedBytes <= LIMITS.archiveLogBytesMax &&
    entries.length <= LIMITS.archiveEntriesMax;
  if (!fits) {
    const detail =
      `an archive holds ${LIMITS.archiveBytesMax} bytes and ` +
      `${LIMITS.archiveEntriesMax} entries at most; ` +
      `this one would have ${bodyBytes + SUM_BYTES} and ${entries.length}`;
    return { kind: "too_large", detail };
  }
  const bytes = new Uint8Array(bodyBytes + SUM_BYTES);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(MAGIC.length, head.length, true);
  let at = HEAD_AT;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes.set(sumOf(bytes.subarray(0, bodyBytes)), bodyBytes);
  return { kind: "ok", bytes };
}

function headerOf(archive: TankArchive, bytes: number, unpackedBytes: number): ArchiveHeader {
  const { row, engineVersion, programVersion, madeAtMs, base, entries, watermark } = archive;
  // The newest ones, and the base, which is the oldest.
  const others = archive.snapshots.filter(({ seq }) => seq !== base?.snapshot.seq);
  const listed = [
    ...(base ? [base.snapshot] : []),
    ...others.slice(1 - LIMITS.archiveSnapshotsMax),
  ];
  return {
    tank: row,
    engine_version: engineVersion,
    program_version: programVersion,
    made_at: madeAtMs,
    snapshots: listed.map(({ tank_id: _, file: __, log_bytes: ___, ...snapshot }) => snapshot),
    base: base ? { seq: base.snapshot.seq, bytes: base.file.length } : null,
    watermark: watermark
      ? { seq: watermark.seq, tick: watermark.tick, checksum: watermark.checksum }
      : null,
    log: { entries: entries.length, bytes, unpacked_bytes: unpackedBytes },
  };
}

/** Decodes a file. Never throws; memory is bounded by the limits of the header. */
export function decodeArchive(bytes: Uint8Array): DecodedArchive {
  if (bytes.length > LIMITS.archiveBytesMax) {
    return bad(`it is longer than the ${LIMITS.archiveBytesMax} bytes that an archive may have`);
  }
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) {
    return bad("it does not begin like an archive");
  }
  if (bytes.length < HEAD_AT + SUM_BYTES) return bad("it is cut off");
  const body = bytes.subarray(0, bytes.length - SUM_BYTES);
  if (!sumOf(body).equals(bytes.subarray(body.length))) {
    return bad("it is cut off or damaged: its checksum does not match");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headBytes = view.getUint32(MAGIC.length, true);
  if (headBytes > LIMITS.archiveHeaderBytesMax || HEAD_AT + headBytes > body.length) {
    return bad("its header has an impossible length");
  }
  try {
    return takeApart(
      body.subarray(HEAD_AT, HEAD_AT + headBytes),
      body.subarray(HEAD_AT + headBytes),
    );
  } catch (error) {
    return bad(`it cannot be read: ${messageOf(error).split("\n")[0]}`);
  }
}

function takeApart(head: Uint8Array, content: Uint8Array): DecodedArchive {
  const text = new TextDecoder("utf-8", { fatal: true }).decode(head);
  const read = archiveHeaderSchema.safeParse(JSON.parse(text));
  if (!read.success) {
    return bad(`its header is malformed: ${describeFirst(read.error)}`);
  }
  const header = read.data;
  const { tank: row, log } = header;
  const baseBytes = header.base?.bytes ?? 0;
  if (baseBytes + log.bytes !== content.length) return bad("the lengths of its parts are wrong");
  const snapshots = header.snapshots.map((snapshot): SnapshotRow => {
    const file = `${snapshotFolder(row.tank_id)}/${snapshot.seq}-${snapshot.tick}.snapshot`;
    return { tank_id: row.tank_id, ...snapshot, file, log_bytes: 0 };
  });
  const snapshot = snapshots.find(({ seq }) => seq === header.base?.seq);
  if (header.base && !snapshot) return bad("its base is not one of its snapshots");
  const entries = unpackLog(content.subarray(baseBytes), {
    tankId: row.tank_id,
    entries: log.entries,
    unpackedBytes: log.unpacked_bytes,
  });
  const gap = gapIn([snapshot?.tick ?? 0, ...entries.map(({ tick }) => tick), lastOf(snapshots)]);
  if (gap) return bad(`it has no mark between tick ${gap.from} and ${gap.to}`);
  const archive: TankArchive = {
    row,
    engineVersion: header.engine_version,
    programVersion: header.program_version,
    madeAtMs: header.made_at,
    base: snapshot && { snapshot, file: content.slice(0, baseBytes) },
    snapshots: snapshots.toSorted((a, b) => a.seq - b.seq),
    entries,
    watermark: header.watermark ? { tank_id: row.tank_id, ...header.watermark } : undefined,
  };
  return { kind: "ok", archive };
}

/** The place of the newest snapshot. */
function lastOf(snapshots: readonly SnapshotRow[]): number {
  return Math.max(0, ...snapshots.map(({ tick }) => tick));
}

/**
 * Finds more ticks without an entry than there are between two marks. Such a gap would make a few
 * bytes ask for years of replay.
 */
function gapIn(ticks: readonly number[]): { from: number; to: number } | undefined {
  for (const [place, to] of ticks.entries()) {
    const from = ticks[place - 1] ?? to;
    if (to - from > MARK_TICKS) return { from, to };
  }
  return undefined;
}

function bad(detail: string): DecodedArchive {
  return { kind: "bad", detail };
}

function sumOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
