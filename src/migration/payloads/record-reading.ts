import { readRecord } from "../../sim/index.ts";

/** The content of a record, without a tank: its entity id, or why no tank accepts it. */
export type RecordReading =
  | { readonly entityId: string }
  | { readonly entityId: undefined; readonly reason: string };

/** Reads a record as the world does, so that malformed bytes never reach a tank. */
export function readEntity(record: Uint8Array): RecordReading {
  const read = readRecord(record);
  return read.kind === "ok"
    ? { entityId: read.fishId }
    : { entityId: undefined, reason: read.reason };
}
