import { z } from "zod";
import { readAnswer } from "../output/answer.ts";
import type { NodeClient } from "./client.ts";
import { directorySchema, namesOf } from "./tank-lookup.ts";

export const connectionSchema = z.object({
  connection_id: z.string(),
  source_tank_id: z.string(),
  source_server_id: z.string(),
  destination_tank_id: z.string(),
  destination_server_id: z.string(),
  probability: z.number(),
  direction: z.string(),
  origin: z.string(),
});
export type Connection = z.infer<typeof connectionSchema>;

/** `GET /api/connections` */
export const connectionsSchema = z.object({
  connections: z.array(connectionSchema),
  count: z.number(),
});

/** The connections from tanks of this node. */
export async function askConnections(node: NodeClient): Promise<readonly Connection[]> {
  return readAnswer(connectionsSchema, await node.get("/api/connections")).connections;
}

/** A name of each tank by its id. */
export async function askTankNames(node: NodeClient): Promise<(tankId: string) => string> {
  const names = namesOf(readAnswer(directorySchema, await node.get("/gateway/tanks")));
  return (tankId) => names.get(tankId) ?? tankId;
}

/** `25 % at each draw, direction both`, or that it is paused. */
export function describeTerms({ probability, direction }: Connection): string {
  const chance = probability === 0 ? "paused (0 %)" : `${probability} % at each draw`;
  return `${chance}, direction ${direction}`;
}
