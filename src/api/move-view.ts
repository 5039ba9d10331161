import { z } from "zod";

/** A move as the node that it is from or to knows it. */
export const moveSchema = z.object({
  move_id: z.string(),
  tank_id: z.string(),
  name: z.string(),
  direction: z.enum(["out", "in"]),
  epoch: z.number().int().describe("Of the tank at its destination"),
  state: z
    .enum(["sealed", "moved", "done", "aborted", "stored", "activated", "dropped"])
    .describe(
      "Outgoing: `sealed`, it is here and does not tick; `moved`, it is the other node's; " +
        "`done`; `aborted`, it goes on here. Incoming: `stored`, `activated`, `dropped`",
    ),
  peer_node_id: z.string(),
  peer_server_id: z.string(),
  reason: z.string().nullable().describe("Why it was aborted, or what it waits for"),
  created_at: z.string(),
  updated_at: z.string(),
});
export type Move = z.infer<typeof moveSchema>;

/** The answer to the request for a move. */
export const movingSchema = z.object({
  tank_id: z.string(),
  move_id: z.string(),
  state: z.enum(["moving", "done"]),
  server_id: z.string().describe("Where it goes"),
  name: z.string().optional().describe("There: a number is appended to a name that is taken"),
  epoch: z.number().int().optional(),
  duration_ms: z.number().optional(),
});
export type Moving = z.infer<typeof movingSchema>;
