import { z } from "zod";

const transferSchema = z.object({
  direction: z.enum(["out", "in"]),
  /** Null for an open one, to whoever has not the token. */
  transfer_id: z.string().nullable(),
  state: z.string(),
  entity_type: z.string(),
  entity_id: z.string().nullable(),
  source_tank_id: z.string(),
  source_node_id: z.string(),
  source_server_id: z.string().nullable(),
  destination_tank_id: z.string(),
  destination_node_id: z.string(),
  destination_server_id: z.string().nullable(),
  attempts: z.number(),
  reason: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type Transfer = z.infer<typeof transferSchema>;

/** `GET /api/transfers` */
export const transfersSchema = z.object({
  transfers: z.array(transferSchema),
  count: z.number(),
});

/** `GET /api/transfers/{transfer_id}` */
export const transferDetailSchema = transferSchema.extend({
  events: z.array(z.object({ at: z.string(), event: z.string(), detail: z.string() })),
});
export type TransferDetail = z.infer<typeof transferDetailSchema>;
