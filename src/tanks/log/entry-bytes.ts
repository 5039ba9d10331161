import type { LogRow } from "../../store/rows.ts";

/**
 * Space of an entry in the database besides its payload: 125 bytes if several share a page, 300 if
 * the payload fills pages of its own.
 */
const ENTRY_BYTES = 160;

/** Approximate size of a log entry on the disk. */
export function entryBytes({ payload }: Pick<LogRow, "payload">): number {
  return ENTRY_BYTES + payload.length;
}

export function bytesOf(entries: readonly LogRow[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}
