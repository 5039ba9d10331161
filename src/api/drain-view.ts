import { z } from "zod";

/** How far the drain of a node has come. */
export const drainSchema = z.object({
  state: z.enum(["off", "draining", "drained"]),
  to_server_id: z.string().nullable(),
  started_at: z.string().nullable(),
  tanks_left: z.number().int(),
  moving: z.string().nullable().describe("The name of the tank that is moving now"),
  moved: z
    .array(z.object({ tank_id: z.string(), name: z.string(), server_id: z.string() }))
    .readonly()
    .describe("Since the node has started, the newest last"),
  waiting: z
    .string()
    .nullable()
    .describe("Why it does not go on now and tries again; if it is off, why it was given up"),
});
export type DrainStatus = z.infer<typeof drainSchema>;
