import { z } from "zod";
import { LIMITS } from "../../platform/limits.ts";
import {
  CONNECTION_DIRECTIONS,
  CONNECTION_MODES,
  type ConnectionRow,
  ENTITY_TYPES,
  type HorizonRow,
  type InboxRow,
  type OutboxRow,
  REPLACEMENTS,
  STRATEGIES,
  type TransferCountRow,
  type TransferEventRow,
} from "../../store/rows.ts";
import { certificatesSchema } from "./certificate.ts";

/** The rows that travel with a tank, as JSON. They come from another node: nothing is assumed. */

const name = z.string().min(1).max(LIMITS.nameCharactersMax);
const text = z.string().max(1000);
const count = z.number().int().nonnegative();
const time = z.number().int();
const pair = { source_tank_id: name, destination_tank_id: name } as const;
const entity_type = z.enum(ENTITY_TYPES);
const side = z.enum(["left", "right"]);
const recordMax = 4 * Math.ceil(LIMITS.entityRecordBytesMax / 3);
const record = z
  .base64()
  .max(recordMax)
  .transform((encoded): Uint8Array => Uint8Array.fromBase64(encoded));

const outboxSchema = z.strictObject({
  transfer_id: name,
  ...pair,
  source_node_id: name,
  destination_node_id: name,
  connection_id: name.nullable(),
  entity_type,
  entity_id: name,
  side,
  record,
  record_digest: text,
  sequence: z.number().int().positive(),
  state: z.enum(["pending", "in_doubt", "delivered", "returned"]),
  attempts: count,
  reason: text.nullable(),
  created_at: time,
  updated_at: time,
}) satisfies z.ZodType<OutboxRow>;

const inboxSchema = z.strictObject({
  transfer_id: name,
  ...pair,
  source_node_id: name,
  entity_type,
  entity_id: name.nullable(),
  record_digest: text.nullable(),
  sequence: z.number().int().positive(),
  decision: z.enum(["accepted", "refused", "aborted"]),
  reason: text.nullable(),
  epoch: count,
  decided_at: time,
}) satisfies z.ZodType<InboxRow>;

const horizonSchema = z.strictObject({
  source_node_id: name,
  ...pair,
  lowest_undecided: count,
}) satisfies z.ZodType<HorizonRow>;

const countSchema = z.strictObject({
  side: z.enum(["out", "in"]),
  node_id: name,
  ...pair,
  entity_type,
  state: z.enum([
    ...["pending", "in_doubt", "delivered", "returned"],
    ...["accepted", "refused", "aborted"],
  ] as const),
  count,
}) satisfies z.ZodType<TransferCountRow>;

const eventSchema = z.strictObject({
  transfer_id: name,
  at: time,
  event: z.enum([
    ...["initiated", "prepared", "committed", "returned"],
    ...["aborted", "in_doubt", "resolved", "accepted", "refused"],
  ] as const),
  detail: text,
}) satisfies z.ZodType<TransferEventRow>;

const connectionSchema = z.strictObject({
  connection_id: name,
  ...pair,
  destination_node_id: name,
  probability: z.number().min(0).max(100),
  direction: z.enum(CONNECTION_DIRECTIONS),
  selection: name,
  count: z.number().int().positive(),
  rate: z.number().positive().nullable(),
  status: z.enum(["running", "paused"]),
  strategy: z.enum(STRATEGIES),
  mode: z.enum(CONNECTION_MODES),
  replacement: z.enum(REPLACEMENTS),
  further_destinations: z.string().max(64 * 1024),
  topology: name.nullable(),
  origin: z.enum(["auto", "manual"]),
  created_at: time,
}) satisfies z.ZodType<ConnectionRow>;

export const bundleRowsSchema = z.strictObject({
  outbox: z.array(outboxSchema),
  inbox: z.array(inboxSchema),
  horizons: z.array(horizonSchema),
  counts: z.array(countSchema),
  events: z.array(eventSchema),
  connections: z.array(connectionSchema).max(LIMITS.connectionsMax),
  certificates: certificatesSchema,
  /** Its entry in `TRANSFERS_UNCOUNTED`, where an earlier version has removed transfers of it. */
  uncounted: z.record(name, z.json()),
});
export type BundleRows = z.output<typeof bundleRowsSchema>;

/** As JSON: bytes in base64. */
export function rowsToJson(rows: BundleRows): string {
  const outbox = rows.outbox.map((row) => ({ ...row, record: row.record.toBase64() }));
  return JSON.stringify({ ...rows, outbox });
}
