import { createHash } from "node:crypto";
import { z } from "zod";
import { readShaped } from "../../platform/issue-words.ts";
import type { CapturedState } from "../thread/simulation.ts";

/**
 * The file of a snapshot, little-endian:
 *
 *     8 bytes   "TANKDSN1"
 *     4 bytes   length of the header
 *     …         header: JSON in UTF-8
 *     …         the state, packed (state-packing.ts)
 *     32 bytes  SHA-256 of everything before
 *
 * The file is self-describing, so that it can be read without its journal.
 */
const MAGIC = new TextEncoder().encode("TANKDSN1");
const LENGTH_BYTES = 4;
const SUM_BYTES = 32;

const headerSchema = z.object({
  tank_id: z.string(),
  epoch: z.number().int().positive(),
  engine_version: z.number().int(),
  seq: z.number().int().nonnegative(),
  tick: z.number().int().nonnegative(),
  digest: z.string(),
  log_checksum: z.string(),
  paused: z.boolean(),
  tick_rate: z.number().nonnegative(),
  /** Absent without a fast-forward, and in files of versions that had none. */
  fast_forward_to: z.number().int().positive().optional(),
});

export type SnapshotHeader = z.infer<typeof headerSchema>;

/** The file is not an intact snapshot. The message tells the reason. */
export class DamagedSnapshot extends Error {
  override readonly name = "DamagedSnapshot";
}

export function encodeSnapshot(header: SnapshotHeader, packed: Uint8Array): Uint8Array {
  const head = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(
    MAGIC.length + LENGTH_BYTES + head.length + packed.length + SUM_BYTES,
  );
  file.set(MAGIC);
  new DataView(file.buffer).setUint32(MAGIC.length, head.length, true);
  file.set(head, MAGIC.length + LENGTH_BYTES);
  file.set(packed, MAGIC.length + LENGTH_BYTES + head.length);
  const body = file.subarray(0, file.length - SUM_BYTES);
  file.set(sumOf(body), body.length);
  return file;
}

/** Throws {@link DamagedSnapshot}. */
export function decodeSnapshot(file: Uint8Array): {
  readonly header: SnapshotHeader;
  readonly state: CapturedState;
} {
  const headAt = MAGIC.length + LENGTH_BYTES;
  if (file.length < headAt + SUM_BYTES) throw new DamagedSnapshot("the file is cut off");
  if (!MAGIC.every((byte, index) => file[index] === byte)) {
    throw new DamagedSnapshot("the file does not begin like a snapshot");
  }
  const body = file.subarray(0, file.length - SUM_BYTES);
  if (!sumOf(body).equals(file.subarray(body.length))) {
    throw new DamagedSnapshot("the file does not match its checksum");
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const stateAt = headAt + view.getUint32(MAGIC.length, true);
  const header = parseHeader(body.subarray(headAt, stateAt));
  const { seq, tick, digest } = header;
  const controls = {
    paused: header.paused,
    tickRate: header.tick_rate,
    fastForwardTo: header.fast_forward_to,
  };
  return { header, state: { seq, tick, controls, digest, packed: body.slice(stateAt) } };
}

function parseHeader(bytes: Uint8Array): SnapshotHeader {
  try {
    return readShaped(headerSchema, JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    throw new DamagedSnapshot("the header cannot be read", { cause: error });
  }
}

function sumOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
