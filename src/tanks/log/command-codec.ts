import { z } from "zod";
import { readShaped } from "../../platform/issue-words.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Command } from "../../sim/types.ts";
import type { LogKind } from "../../store/rows.ts";

/**
 * Commands as payloads of the log: the fields as JSON in UTF-8. A command with a record appends a
 * zero byte, which JSON never contains, and the record's bytes.
 */
const side = z.enum(["left", "right"]);
const record = z.instanceof(Uint8Array).refine((r) => r.length <= LIMITS.entityRecordBytesMax);
/** Logs on disks name the entity of an export `fishId`, whatever its type. */
const exportSchema = z
  .strictObject({ kind: z.literal("export"), fishId: z.string(), side })
  .transform(({ kind, fishId, side }) => ({ kind, entityId: fishId, side }));
const commandSchema = z.discriminatedUnion("kind", [
  exportSchema,
  z.strictObject({
    kind: z.literal("import"),
    record,
    side,
    replaces: z.literal(true).optional(),
    copy: z.literal(true).optional(),
  }),
  z.strictObject({ kind: z.literal("restore"), record }),
  z.strictObject({ kind: z.literal("feed"), portions: z.number() }),
  z.strictObject({ kind: z.literal("spawn"), fish: z.number() }),
  z.strictObject({ kind: z.literal("pause") }),
  z.strictObject({ kind: z.literal("resume") }),
  z.strictObject({ kind: z.literal("set_tick_rate"), ticksPerSecond: z.number() }),
  z.strictObject({ kind: z.literal("fast_forward"), ticks: z.number() }),
]);

/** The command of a log row; undefined for a mark. Throws when the payload is malformed. */
export function decodeCommand(kind: LogKind, payload: Uint8Array): Command | undefined {
  if (kind === "mark") return undefined;
  const zero = payload.indexOf(0);
  const head = zero < 0 ? payload : payload.subarray(0, zero);
  const fields: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(head));
  const withRecord = zero < 0 ? {} : { record: payload.slice(zero + 1) };
  return readShaped(commandSchema, {
    ...readShaped(z.record(z.string(), z.unknown()), fields),
    ...withRecord,
    kind,
  });
}
