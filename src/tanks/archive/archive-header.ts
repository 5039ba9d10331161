import { z } from "zod";
import { LIMITS } from "../../platform/limits.ts";
import { UNSHOWN } from "../../platform/shown-text.ts";
import type { SnapshotRow, TankRow } from "../../store/rows.ts";

const count = z.number().int().nonnegative();
const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

/** What the API demands of the tanks that are made here. */
const shown = z.string().refine((text) => !UNSHOWN.test(text), {
  error: "holds control characters, line breaks or marks of reading direction",
});

const tankSchema = z.strictObject({
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

/** A snapshot without where its file lies. */
const snapshotSchema = z.strictObject({
  seq: count,
  tick: count,
  digest: hex(32),
  bytes: count,
  engine_version: count,
  log_checksum: hex(32),
  created_at: count,
}) satisfies z.ZodType<Omit<SnapshotRow, "tank_id" | "file">>;

export const archiveHeaderSchema = z.strictObject({
  tank: tankSchema,
  engine_version: count,
  program_version: z.string().max(LIMITS.nameCharactersMax),
  made_at: count,
  snapshots: z.array(snapshotSchema).max(LIMITS.archiveSnapshotsMax),
  /** Which of the snapshots lies in the file; null: the spec is enough. */
  base: z.strictObject({ seq: count, bytes: count }).nullable(),
  /** Archives of earlier versions have none. */
  watermark: z.strictObject({ seq: count, tick: count, checksum: hex(32) }).nullish(),
  log: z.strictObject({
    entries: count.max(LIMITS.archiveEntriesMax),
    bytes: count,
    unpacked_bytes: count.max(LIMITS.archiveLogBytesMax),
  }),
});

/** The JSON with which an archive begins. */
export type ArchiveHeader = z.infer<typeof archiveHeaderSchema>;
