import type { BodyColumns } from "./arena.ts";
import { type FishRow, faultOfFish, WIRE_FIELDS, WIRE_VECTORS } from "./fish-row.ts";
import { hashBytes } from "./hash.ts";
import { formatId } from "./ids.ts";
import type { Tank } from "./tank.ts";
import type { FishId } from "./types.ts";

/**
 * A fish on its way: fixed layout, little-endian, data only. Offsets in bytes:
 *
 *     0  magic "TKDF"      4  version u16     6  zero u16
 *     8  length u32        12 checksum 2×u32  20 zero u32
 *     24 the fields of WIRE_FIELDS in order (f64 or u32), then WIRE_VECTORS (f32 or u32)
 *
 * The checksum is the first half of the hash of everything from 24 on. It carries all that a fish is,
 * so that a fish which comes back is the same bit by bit.
 */
export const RECORD_VERSION = 1;

const MAGIC = 0x46444b54;
const HEADER_BYTES = 24;
const FIELD_BYTES = WIRE_FIELDS.reduce((sum, field) => sum + (field.element === "f64" ? 8 : 4), 0);
const VECTOR_BYTES = WIRE_VECTORS.reduce((sum, { width }) => sum + 4 * width, 0);
export const RECORD_BYTES = HEADER_BYTES + FIELD_BYTES + VECTOR_BYTES;

/** What a record says, or why it says nothing. Never throws. */
export type ReadRecord =
  | {
      readonly kind: "ok";
      readonly fishId: FishId;
      readonly version: number;
      readonly row: FishRow;
    }
  | {
      readonly kind: "bad";
      readonly reason: "bad_record" | "unsupported_version";
      readonly detail: string;
    };

/** The record of a living fish. */
export function writeRecord(tank: Tank, row: number): Uint8Array {
  const { fish } = tank;
  const bytes = new Uint8Array(RECORD_BYTES);
  const view = new DataView(bytes.buffer);
  let at = HEADER_BYTES;
  for (const { name, element } of WIRE_FIELDS) {
    const value = fish[name][row] as number;
    if (element === "f64") view.setFloat64(at, value, true);
    else view.setUint32(at, value, true);
    at += element === "f64" ? 8 : 4;
  }
  const body = fish.body[row] as number;
  for (const { name, element, width } of WIRE_VECTORS) {
    const values = tank.bodies[name].subarray(body * width, (body + 1) * width);
    for (const value of values) {
      if (element === "f32") view.setFloat32(at, value, true);
      else view.setUint32(at, value, true);
      at += 4;
    }
  }
  const [first, second] = hashBytes(bytes.subarray(HEADER_BYTES));
  view.setUint32(0, MAGIC, true);
  view.setUint16(4, RECORD_VERSION, true);
  view.setUint32(8, RECORD_BYTES, true);
  view.setUint32(12, first as number, true);
  view.setUint32(16, second as number, true);
  return bytes;
}

/** Reads and checks a record without a tank: form first, then every number against its bounds. */
export function readRecord(bytes: Uint8Array): ReadRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fault = faultOfHeader(bytes, view);
  if (fault !== undefined) return fault;
  const row = decode(view);
  const wrong = faultOfFish(row);
  if (wrong !== undefined) return bad(`${wrong} is out of bounds`);
  const fishId = formatId(row.keyHi, row.keyLo, row.counter);
  return { kind: "ok", fishId, version: RECORD_VERSION, row };
}

function faultOfHeader(bytes: Uint8Array, view: DataView): ReadRecord | undefined {
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) {
    return bad("this is no fish record");
  }
  const version = view.getUint16(4, true);
  if (version !== RECORD_VERSION) {
    const detail = `version ${version} of the fish record; this node reads ${RECORD_VERSION}`;
    return { kind: "bad", reason: "unsupported_version", detail };
  }
  if (bytes.length !== RECORD_BYTES || view.getUint32(8, true) !== RECORD_BYTES) {
    return bad(`a fish record has ${RECORD_BYTES} bytes, this one ${bytes.length}`);
  }
  if (view.getUint16(6, true) !== 0 || view.getUint32(20, true) !== 0) {
    return bad("reserved bytes are in use");
  }
  const [first, second] = hashBytes(bytes.subarray(HEADER_BYTES));
  if (view.getUint32(12, true) !== first || view.getUint32(16, true) !== second) {
    return bad("the checksum does not match");
  }
  return undefined;
}

function decode(view: DataView): FishRow {
  const fields: Record<string, number> = {};
  let at = HEADER_BYTES;
  for (const { name, element } of WIRE_FIELDS) {
    fields[name] = element === "f64" ? view.getFloat64(at, true) : view.getUint32(at, true);
    at += element === "f64" ? 8 : 4;
  }
  const body: Record<string, Float32Array | Uint32Array> = {};
  for (const { name, element, width } of WIRE_VECTORS) {
    const values = element === "f32" ? new Float32Array(width) : new Uint32Array(width);
    for (let cell = 0; cell < width; cell++, at += 4) {
      values[cell] = element === "f32" ? view.getFloat32(at, true) : view.getUint32(at, true);
    }
    body[name] = values;
  }
  return { ...fields, body: body as unknown as BodyColumns } as FishRow;
}

function bad(detail: string): ReadRecord {
  return { kind: "bad", reason: "bad_record", detail };
}
