import { z } from "zod";
import { LIMITS } from "../../platform/limits.ts";
import { UNSHOWN } from "../../platform/shown-text.ts";
import type { SnapshotRow, TankRow } from "../../store/rows.ts";

const count = z.number().int().nonnegative();
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

/** The same rules as the API applies to new tanks. */
const shown = z.string().refine((text) => !UNSHOWN.test(text), {
  error: "contains control characters, line breaks or bidirectional marks",
});

export const tankSchema = z.strictObject({
  tank_id: z.string().min(1).max(LIMITS.nameCharactersMax),
  name: shown.min(1).max(LIMITS.nameCharactersMax),
  description: shown.max(LIMITS.descriptionCharactersMax),
  created_at: count,
  seed: count,
  fish: count.max(LIMITS.foundersMax),
  tank_key: hex(16),
  epoch: count.min(1),
  ordinal: count,
  origin: z.enum(["founded", "forked"]),
}) satisfies z.ZodType<TankRow>;

/** A snapshot without the path of its file and the size of the log. */
const snapshotSchema = z.strictObject({
  seq: count,
  tick: count,
  digest: hex(32),
  bytes: count,
  engine_version: count,
  log_checksum: hex(32),
  created_at: count,
}) satisfies z.ZodType<Omit<SnapshotRow, "tank_id" | "file" | "log_bytes">>;

export const archiveHeaderSchema = z.strictObject({
  tank: tankSchema,
  engine_version: count,
  program_version: z.string().max(LIMITS.nameCharactersMax),
  made_at: count,
  snapshots: z.array(snapshotSchema).max(LIMITS.archiveSnapshotsMax),
  /** The snapshot that is included; null: the state is built from the spec. */
  base: z.strictObject({ seq: count, bytes: count }).nullable(),
  /** Absent in archives of earlier versions. */
  watermark: z.strictObject({ seq: count, tick: count, checksum: hex(32) }).nullish(),
  log: z.strictObject({
    entries: count.max(LIMITS.archiveEntriesMax),
    bytes: count,
    unpacked_bytes: count.max(LIMITS.archiveLogBytesMax),
  }),
});

/** The JSON header of an archive. */
export type ArchiveHeader = z.infer<typeof archiveHeaderSchema>;
