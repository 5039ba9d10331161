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
  elsewhere: z.array(z.object({ tank_id: z.string(), server_id: z.string() })),
});

const removedSchema = z.object({ connections: z.array(connectionSchema) });

export interface TopologyOrder {
  readonly topology: string;
  readonly name: string | undefined;
  readonly tanks: readonly string[];
  readonly given: Readonly<Record<string, unknown>>;
  readonly force: boolean | undefined;
}

/** Makes this node's side of a topology, and says what is to be done on other nodes. */
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
  context.print(`The topology ${made.name} has ${connections} from tanks of this node.`);
  if (made.elsewhere.length === 0) return;
  const servers = [...new Set(made.elsewhere.map((one) => one.server_id))].join(", ");
  context.print(
    `Those from ${count(made.elsewhere.length, "tank")} of ${servers} were not made: a node ` +
      "takes orders only from who holds its token. Give the same command there, with the tanks " +
      "in the same order, each as SERVER::TANK.",
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
  const removed = readAnswer(removedSchema, body).connections;
  const connections = count(removed.length, "connection");
  context.print(
    `Removed ${connections} of the topology ${name} from this node; those of other nodes are ` +
      "removed there. Fish in transit still arrive.",
  );
}

function describe(made: Connection, nameOf: (tankId: string) => string): string {
  const places = made.destinations.map((one) => `${nameOf(one.tank_id)} on ${one.server_id}`);
  return describeMigration(made, nameOf(made.source_tank_id), places.join(", "));
}
