import type { LogRow } from "../../store/rows.ts";

/**
 * What an entry takes in the database beside its payload: 125 bytes where many lie in one page, 300
 * where the payload fills pages of its own.
 */
const ENTRY_BYTES = 160;

/** What an entry of the log takes on the disk, roughly. */
export function entryBytes({ payload }: Pick<LogRow, "payload">): number {
  return ENTRY_BYTES + payload.length;
}

export function bytesOf(entries: readonly LogRow[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}
