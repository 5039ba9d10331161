import type { Command } from "commander";
import { z } from "zod";
import { type AutoConnection, autoConnectionSchema } from "../../cluster/server-record.ts";
import type { CliContext } from "../context.ts";
import {
  askTankNames,
  type Connection,
  connectionsSchema,
  isPaused,
} from "../node-access/connections.ts";
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
      const nameOf = await askTankNames(node);
      context.print(describe(connections, nameOf));
      for (const line of troubles(connections, nameOf)) context.print(line);
      return;
    }
    const local = readAnswer(localSchema, await node.get("/api/servers/local"));
    const why = NONE[local.auto_connection];
    context.print(context.asTyped(`${why}. To create one: tankd connect SRC DST`));
  });
}

const HEADER = ["FROM", "TO", "SERVER", "PERCENT", "DIRECTION", "TERMS"];

/** A line for each destination with which something is wrong. */
function troubles(
  connections: readonly Connection[],
  nameOf: (tankId: string) => string,
): readonly string[] {
  return connections.flatMap(({ destinations }) =>
    destinations.flatMap(({ tank_id, server_id, health, health_reason }) =>
      health_reason === null
        ? []
        : [`${nameOf(tank_id)} on ${server_id} is ${health}: ${health_reason}`],
    ),
  );
}

function describe(connections: readonly Connection[], nameOf: (tankId: string) => string): string {
  const figures = ["SENT", "ARRIVED", "BACK"];
  return formatTable(
    [...HEADER, "HEALTH", "RTT", ...figures, "ORIGIN", "ID"],
    connections.flatMap((connection) =>
      placesOf(connection).map((place, at) => [
        at === 0 ? nameOf(connection.source_tank_id) : "",
        nameOf(place.tank_id),
        place.server_id,
        ...(at === 0 ? termsOf(connection) : ["", "", ""]),
        place.health ?? "-",
        place.rtt_ms === undefined || place.rtt_ms === null ? "-" : `${place.rtt_ms.toFixed(1)} ms`,
        ...[place.sent, place.delivered, place.returned].map((figure) => figure ?? "-"),
        ...(at === 0
          ? [connection.topology ?? connection.origin, connection.connection_id]
          : ["", ""]),
      ]),
    ),
  );
}

function termsOf(connection: Connection): readonly (string | number)[] {
  const { selection, count, rate, strategy, mode, replacement, destinations } = connection;
  const special = [
    ...(mode === "copy" ? ["copies"] : []),
    ...(selection === "random" ? [] : [selection]),
    ...(count === 1 ? [] : [`${count} a draw`]),
    ...(rate === null ? [] : [`${rate}/min`]),
    ...(destinations.length > 1 ? [strategy] : []),
    ...(replacement === "fair" ? ["replaces"] : []),
  ];
  return [
    isPaused(connection) ? "paused" : connection.probability,
    connection.direction,
    special.join(" ") || "-",
  ];
}

/** A node of an earlier build has one, without figures. */
function placesOf({ destinations, destination_tank_id, destination_server_id }: Connection) {
  if (destinations.length > 0) return destinations;
  const unknown = {
    health: undefined,
    rtt_ms: undefined,
    sent: undefined,
    delivered: undefined,
    returned: undefined,
  };
  return [{ tank_id: destination_tank_id, server_id: destination_server_id, ...unknown }];
}
