import type { Command } from "commander";
import { z } from "zod";
import type { CliContext } from "../context.ts";
import {
  askTankNames,
  type Connection,
  connectionSchema,
  describeMigration,
} from "../node-access/connections.ts";
import { findTankAnywhere, readTankAddress } from "../node-access/tank-lookup.ts";
import { readAnswer } from "../output/answer.ts";
import { count } from "../output/words.ts";

const madeSchema = z.object({
  name: z.string(),
  connections: z.array(connectionSchema),
  // Earlier versions give no reason, and say nothing of others when a topology is removed.
  elsewhere: z.array(
    z.object({
      ...{ tank_id: z.string(), server_id: z.string() },
      reason: z.string().nullable().default(null),
    }),
  ),
});

const removedSchema = z.object({
  connections: z.array(connectionSchema),
  elsewhere: z.array(z.object({ server_id: z.string(), reason: z.string() })).default([]),
});

export interface TopologyOrder {
  readonly topology: string;
  readonly name: string | undefined;
  readonly tanks: readonly string[];
  readonly given: Readonly<Record<string, unknown>>;
  readonly force: boolean | undefined;
}

/** Makes a topology, and says what is left to be done on nodes that do not obey this one. */
export async function connectTopology(
  context: CliContext,
  command: Command,
  { topology, name, tanks, given, force }: TopologyOrder,
): Promise<void> {
  for (const text of tanks) readTankAddress(text);
  const node = await context.node(command);
  const named = [];
  for (const text of tanks) {
    const { tankId: tank_id, serverId: server_id } = await findTankAnywhere(node, text);
    named.push(server_id === undefined ? { tank_id } : { tank_id, server_id });
  }
  const body = await node.post("/api/topologies", {
    topology,
    ...(name === undefined ? {} : { name }),
    tanks: named,
    ...given,
    ...(force ? { force } : {}),
  });
  if (context.wantsJson(command)) return context.printJson(body);
  const made = readAnswer(madeSchema, body);
  const nameOf = await askTankNames(node);
  for (const one of made.connections) context.print(describe(one, nameOf));
  const connections = count(made.connections.length, "connection");
  context.print(`The topology ${made.name} has ${connections}.`);
  if (made.elsewhere.length === 0) return;
  for (const { server_id, reason } of made.elsewhere) {
    if (reason !== null) context.say(`${server_id} did not make its own: ${reason}`);
  }
  const servers = [...new Set(made.elsewhere.map((one) => one.server_id))].join(", ");
  context.print(
    `Those from ${count(made.elsewhere.length, "tank")} of ${servers} were not made: nodes take ` +
      "orders of each other only under a common --secret-file. Give the same command there, with " +
      "the tanks in the same order, each as SERVER::TANK.",
  );
}

/** `tankd disconnect --topology NAME` */
export async function disconnectTopology(
  context: CliContext,
  command: Command,
  name: string,
): Promise<void> {
  const node = await context.node(command);
  const body = await node.delete(`/api/topologies/${encodeURIComponent(name)}`);
  if (context.wantsJson(command)) return context.printJson(body);
  const { connections, elsewhere } = readAnswer(removedSchema, body);
  for (const { server_id, reason } of elsewhere) {
    context.say(`${server_id} may have some left: ${reason}`);
  }
  context.print(
    `Removed ${count(connections.length, "connection")} of the topology ${name}. Fish in transit ` +
      "still arrive; those of nodes that take no orders of this one are removed there.",
  );
}

function describe(made: Connection, nameOf: (tankId: string) => string): string {
  const places = made.destinations.map((one) => `${nameOf(one.tank_id)} on ${one.server_id}`);
  return describeMigration(made, nameOf(made.source_tank_id), places.join(", "));
}
