import { z } from "zod";
import { readAnswer } from "../output/answer.ts";
import type { NodeClient } from "./client.ts";
import { directorySchema, namesOf } from "./tank-lookup.ts";

const destinationSchema = z.object({
  tank_id: z.string(),
  server_id: z.string(),
  health: z.string(),
  health_reason: z.string().nullable(),
  rtt_ms: z.number().nullable(),
  sent: z.number(),
  delivered: z.number(),
  returned: z.number(),
  last_delivered_at: z.string().nullable(),
});

export const connectionSchema = z.object({
  connection_id: z.string(),
  source_tank_id: z.string(),
  source_server_id: z.string(),
  destination_tank_id: z.string(),
  destination_server_id: z.string(),
  probability: z.number(),
  direction: z.string(),
  origin: z.string(),
  // Nodes of earlier builds do not say the rest.
  selection: z.string().default("random"),
  count: z.number().default(1),
  rate: z.number().nullable().default(null),
  status: z.string().default("running"),
  strategy: z.string().default("failover"),
  mode: z.string().default("move"),
  replacement: z.string().default("refuse"),
  destinations: z.array(destinationSchema).default([]),
  topology: z.string().nullable().default(null),
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

/** Whether no fish leave by it. */
export function isPaused({ probability, status }: Connection): boolean {
  return probability === 0 || status === "paused";
}

/** `Fish of reef now migrate to lake on far: 25 % at each draw, direction both.` */
export function describeMigration(made: Connection, source: string, place: string): string {
  const who = made.mode === "copy" ? "Copies of the fish" : "Fish";
  return `${who} of ${source} now migrate to ${place}: ${describeTerms(made)}.`;
}

/** `25 % at each draw, direction both`, with what differs from the defaults. */
export function describeTerms(connection: Connection): string {
  const { probability, direction, selection, count, rate, mode, replacement } = connection;
  const chance = `${probability} % at each draw`;
  return [
    isPaused(connection) ? `paused (${probability} %)` : chance,
    ...(count === 1 ? [] : [`${count} fish each`]),
    ...(selection === "random" ? [] : [selection]),
    `direction ${direction}`,
    ...(rate === null ? [] : [`at most ${rate} a minute`]),
    ...(connection.destinations.length > 1 ? [connection.strategy] : []),
    ...(mode === "copy" ? ["copied, not moved"] : []),
    ...(replacement === "fair" ? ["fair replacement in a full tank"] : []),
  ].join(", ");
}
