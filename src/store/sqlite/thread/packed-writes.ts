import type { JournalWrite } from "../../journal.ts";

/**
 * The writes of a commit on their way to the disk thread. A structured clone walks through every
 * row, at 4 µs a transfer on each side; a text and one block of bytes take a tenth of that.
 */
export interface PackedWrites {
  /** JSON of the writes; where a row has bytes stands `[length]`, which no column is. */
  readonly text: string;
  /** The bytes of all rows, one after the other. */
  readonly bytes: Uint8Array;
}

export function packWrites(writes: readonly JournalWrite[]): PackedWrites {
  const parts: Uint8Array[] = [];
  const text = JSON.stringify(writes.map((write) => withoutBytes(write, parts)));
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { text, bytes };
}

function withoutBytes(write: JournalWrite, parts: Uint8Array[]) {
  if (!("row" in write)) return write;
  const row: Record<string, unknown> = { ...write.row };
  for (const column in row) {
    const value = row[column];
    if (!(value instanceof Uint8Array)) continue;
    parts.push(value);
    row[column] = [value.length];
  }
  return { ...write, row };
}

/** What {@link packWrites} was given; all bytes are parts of one buffer. */
export function unpackWrites({ text, bytes }: PackedWrites): readonly JournalWrite[] {
  const writes: readonly JournalWrite[] = JSON.parse(text);
  let at = 0;
  for (const write of writes) {
    if (!("row" in write)) continue;
    for (const [column, value] of Object.entries(write.row)) {
      if (!Array.isArray(value)) continue;
      const end = at + Number(value[0]);
      Object.assign(write.row, { [column]: bytes.subarray(at, end) });
      at = end;
    }
  }
  return writes;
}
