import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { readShaped } from "../../platform/issue-words.ts";
import { LIMITS } from "../../platform/limits.ts";
import { LOG_KINDS, type LogRow } from "../../store/rows.ts";

/**
 * Log entries in one piece, packed by zstd. Unpacked, little-endian, each entry is
 *
 *     4 bytes   length of the head
 *     …         head: JSON of [seq, tick, kind, digest, checksum, engine_version]
 *     4 bytes   length of the payload
 *     …         the payload as it is
 */
const LENGTH_BYTES = 4;
/** An archive is written once and kept: the default level of zstd, a third smaller than level 1. */
const ZSTD_LEVEL = 3;

const place = z.number().int().nonnegative();
const headSchema = z.tuple([
  place,
  place,
  z.enum(LOG_KINDS),
  z.string().nullable(),
  z.string(),
  place,
]);

export interface LogSection {
  readonly packed: Uint8Array;
  readonly unpackedBytes: number;
}

export function packLog(entries: readonly LogRow[]): LogSection {
  const utf8 = new TextEncoder();
  const heads = entries.map((row) => utf8.encode(JSON.stringify(headOf(row))));
  const bytes = entries.reduce(
    (sum, row, at) => sum + 2 * LENGTH_BYTES + (heads[at]?.length ?? 0) + row.payload.length,
    0,
  );
  const unpacked = new Uint8Array(bytes);
  const view = new DataView(unpacked.buffer);
  let at = 0;
  const put = (part: Uint8Array) => {
    view.setUint32(at, part.length, true);
    unpacked.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + part.length;
  };
  for (const [index, head] of heads.entries()) {
    put(head);
    put(entries[index]?.payload ?? new Uint8Array());
  }
  const params = { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL };
  return { packed: new Uint8Array(zstdCompressSync(unpacked, { params })), unpackedBytes: bytes };
}

function headOf(row: LogRow): z.input<typeof headSchema> {
  return [row.seq, row.tick, row.kind, row.digest, row.checksum, row.engine_version];
}

/** The inverse of {@link packLog}. Throws when the bytes are malformed. */
export function unpackLog(
  packed: Uint8Array,
  said: { readonly tankId: string; readonly entries: number; readonly unpackedBytes: number },
): readonly LogRow[] {
  // The declared size was checked against its bound; the output must not exceed it.
  const maxOutputLength = Math.max(1, Math.min(said.unpackedBytes, LIMITS.archiveLogBytesMax));
  const bytes = new Uint8Array(zstdDecompressSync(packed, { maxOutputLength }));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let at = 0;
  const take = () => {
    const length = view.getUint32(at, true);
    const end = at + LENGTH_BYTES + length;
    if (end > bytes.length) throw new RangeError("an entry is cut off");
    const part = bytes.subarray(at + LENGTH_BYTES, end);
    at = end;
    return part;
  };
  const rows: LogRow[] = [];
  while (at < bytes.length && rows.length < said.entries) {
    const head = readShaped(headSchema, JSON.parse(utf8.decode(take())));
    const [seq, tick, kind, digest, checksum, engine_version] = head;
    const payload = take().slice();
    const row = { seq, tick, kind, payload, digest, checksum, engine_version };
    rows.push({ tank_id: said.tankId, ...row });
  }
  if (at !== bytes.length || rows.length !== said.entries) {
    throw new RangeError("the number of entries differs from the declared one");
  }
  return rows;
}
