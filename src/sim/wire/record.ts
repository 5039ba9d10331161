import { faultOfPlant, PLANT_LAYOUT, type PlantRow } from "../plants/plant-row.ts";
import type { BodyColumns } from "../state/arena.ts";
import { formatId } from "../state/ids.ts";
import type { Tank } from "../state/tank.ts";
import type { FishId, PlantId } from "../types.ts";
import { FISH_LAYOUT, type FishRow, faultOfFish } from "./fish-row.ts";
import {
  type BadRecord,
  bad,
  decodeRecord,
  encodeRecord,
  magicOf,
  RECORD_VERSION,
} from "./record-layout.ts";

/**
 * A fish or plant on its way: all that it is, so that one which comes back is the same bit by bit.
 */
export const RECORD_BYTES = FISH_LAYOUT.bytes;

/** What a record says, or why it says nothing. */
export type ReadRecord =
  | {
      readonly kind: "ok";
      readonly fishId: FishId;
      readonly version: number;
      readonly row: FishRow;
    }
  | BadRecord;

/** The record of a living fish. */
export function writeRecord(tank: Tank, row: number): Uint8Array {
  const body = tank.fish.body[row];
  return encodeRecord(FISH_LAYOUT, tank.fish, row, tank.bodies, body);
}

/** Reads and checks a record without a tank: form first, then every number against its bounds. */
export function readRecord(bytes: Uint8Array): ReadRecord {
  const decoded = decodeRecord(FISH_LAYOUT, bytes);
  if ("kind" in decoded) return decoded;
  const row: FishRow = { ...decoded.numbers, body: decoded.vectors as BodyColumns };
  const wrong = faultOfFish(row);
  if (wrong !== undefined) return bad(`${wrong} is out of bounds`);
  const fishId = formatId(row.keyHi, row.keyLo, row.counter);
  return { kind: "ok", fishId, version: RECORD_VERSION, row };
}

export const PLANT_RECORD_BYTES = PLANT_LAYOUT.bytes;

export type ReadPlantRecord =
  | {
      readonly kind: "ok";
      readonly plantId: PlantId;
      readonly version: number;
      readonly row: PlantRow;
    }
  | BadRecord;

/** Whether bytes claim to be a plant. */
export function isPlantRecord(bytes: Uint8Array): boolean {
  return magicOf(bytes) === PLANT_LAYOUT.magic;
}

/** The record of a living plant. */
export function writePlantRecord(tank: Tank, row: number): Uint8Array {
  return encodeRecord(PLANT_LAYOUT, tank.plants, row, tank.plants, row);
}

/** As {@link readRecord}. */
export function readPlantRecord(bytes: Uint8Array): ReadPlantRecord {
  const decoded = decodeRecord(PLANT_LAYOUT, bytes);
  if ("kind" in decoded) return decoded;
  const row: PlantRow = { ...decoded.numbers, genes: decoded.vectors.genes as Float32Array };
  const wrong = faultOfPlant(row);
  if (wrong !== undefined) return bad(`${wrong} is out of bounds`);
  const plantId = formatId(row.keyHi, row.keyLo, row.counter);
  return { kind: "ok", plantId, version: RECORD_VERSION, row };
}
