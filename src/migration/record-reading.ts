import { readRecord } from "../sim/index.ts";

/** What can be said of a record without a tank: whose it is, or why nobody will take it. */
export type RecordReading =
  | { readonly entityId: string }
  | { readonly entityId: undefined; readonly reason: string };

/** Reads a record as the world does, so that hostile bytes never come as far as a tank. */
export function readEntity(record: Uint8Array): RecordReading {
  const read = readRecord(record);
  return read.kind === "ok"
    ? { entityId: read.fishId }
    : { entityId: undefined, reason: read.reason };
}
