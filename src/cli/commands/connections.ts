import type { Command } from "commander";
import { z } from "zod";
import { type AutoConnection, autoConnectionSchema } from "../../cluster/server-record.ts";
import type { CliContext } from "../context.ts";
import { askTankNames, type Connection, connectionsSchema } from "../node-access/connections.ts";
import { readAnswer } from "../output/answer.ts";
import { formatTable } from "../output/table.ts";

/** Nodes of earlier builds do not say it. */
const localSchema = z.object({ auto_connection: autoConnectionSchema.default("on") });

/** Why there is no connection. */
const NONE: Readonly<Record<AutoConnection, string>> = {
  on: "No connections; an automatic one appears while another node is online",
  off: "No connections, and none comes by itself: auto_connect is off",
  removed: "No connections; the automatic one was removed by hand and does not come back",
};

/** `tankd connections`: the connections from this node's tanks. */
export function defineConnections(connections: Command, context: CliContext): void {
  connections.action(async (_options: unknown, command: Command) => {
    const node = await context.node(command);
    const body = await node.get("/api/connections");
    if (context.wantsJson(command)) return context.printJson(body);
    const { connections } = readAnswer(connectionsSchema, body);
    if (connections.length > 0) {
      return context.print(describe(connections, await askTankNames(node)));
    }
    const local = readAnswer(localSchema, await node.get("/api/servers/local"));
    const why = NONE[local.auto_connection];
    context.print(context.asTyped(`${why}. To create one: tankd connect SRC DST`));
  });
}

function describe(connections: readonly Connection[], nameOf: (tankId: string) => string): string {
  return formatTable(
    ["FROM", "TO", "SERVER", "PERCENT", "DIRECTION", "ORIGIN", "ID"],
    connections.map((connection) => [
      nameOf(connection.source_tank_id),
      nameOf(connection.destination_tank_id),
      connection.destination_server_id,
      connection.probability === 0 ? "paused" : connection.probability,
      connection.direction,
      connection.origin,
      connection.connection_id,
    ]),
  );
}
