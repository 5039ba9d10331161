import { createHash } from "node:crypto";
import { invariant } from "../../platform/errors.ts";

/**
 * One slot of the watermark file, little-endian:
 *
 *       0   8 bytes   generation: counts the changes of the file, from 1
 *       8   8 bytes   seq
 *      16   8 bytes   tick
 *      24  32 bytes   tank_id   one byte of length, then UTF-8; empty: the slot is free
 *      56  24 bytes   tank_key  likewise
 *      80  40 bytes   checksum  likewise
 *     120   8 bytes   the first of the SHA-256 of everything before
 *
 * A slot of zeros was never written.
 */
export const SLOT_BYTES = 128;

const TANK_ID = { at: 24, bytes: 32 } as const;
const TANK_KEY = { at: 56, bytes: 24 } as const;
const CHECKSUM = { at: 80, bytes: 40 } as const;
const SUM = { at: 120, bytes: 8 } as const;

/** The content of a slot: the last acknowledged entry in the log of a tank with this key. */
export interface SlotMark {
  readonly tank_id: string;
  readonly tank_key: string;
  readonly seq: number;
  readonly tick: number;
  readonly checksum: string;
}

/** `mark` is undefined for a slot that was freed. */
export interface SlotRecord {
  readonly generation: number;
  readonly mark: SlotMark | undefined;
}

export function encodeSlot({ generation, mark }: SlotRecord): Uint8Array {
  const bytes = new Uint8Array(SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(generation), true);
  if (mark) {
    view.setBigUint64(8, BigInt(mark.seq), true);
    view.setBigUint64(16, BigInt(mark.tick), true);
    writeText(bytes, TANK_ID, mark.tank_id);
    writeText(bytes, TANK_KEY, mark.tank_key);
    writeText(bytes, CHECKSUM, mark.checksum);
  }
  bytes.set(sumOf(bytes), SUM.at);
  return bytes;
}

/** `unwritten` for zeros, `damaged` for anything else that {@link encodeSlot} did not make. */
export function decodeSlot(bytes: Uint8Array): SlotRecord | "unwritten" | "damaged" {
  if (bytes.length !== SLOT_BYTES) return "damaged";
  if (bytes.every((byte) => byte === 0)) return "unwritten";
  if (!sumOf(bytes).equals(bytes.subarray(SUM.at))) return "damaged";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const number = (at: number) => Number(view.getBigUint64(at, true));
  const tankId = readText(bytes, TANK_ID);
  const mark: SlotMark | undefined =
    tankId === ""
      ? undefined
      : {
          tank_id: tankId,
          tank_key: readText(bytes, TANK_KEY),
          seq: number(8),
          tick: number(16),
          checksum: readText(bytes, CHECKSUM),
        };
  return { generation: number(0), mark };
}

interface Field {
  readonly at: number;
  readonly bytes: number;
}

function writeText(slot: Uint8Array, { at, bytes }: Field, text: string): void {
  const encoded = new TextEncoder().encode(text);
  invariant(encoded.length < bytes, `${text} fits into a watermark`);
  slot[at] = encoded.length;
  slot.set(encoded, at + 1);
}

function readText(slot: Uint8Array, { at }: Field): string {
  return new TextDecoder().decode(slot.subarray(at + 1, at + 1 + (slot[at] ?? 0)));
}

function sumOf(slot: Uint8Array): Buffer {
  const digest = createHash("sha256").update(slot.subarray(0, SUM.at)).digest();
  return digest.subarray(0, SUM.bytes);
}
