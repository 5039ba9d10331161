import type { Command } from "commander";
import { z } from "zod";
import type { CliContext } from "../context.ts";
import { directorySchema, namesOf } from "../node-access/tank-lookup.ts";
import { readAnswer } from "../output/answer.ts";
import { formatTable } from "../output/table.ts";
import { connectionSchema } from "./connect.ts";

const connectionsSchema = z.object({ connections: z.array(connectionSchema), count: z.number() });
type Connection = z.infer<typeof connectionSchema>;

/** `tankd connections`: the connections from this node's tanks. */
export function defineConnections(connections: Command, context: CliContext): void {
  connections.action(async (_options: unknown, command: Command) => {
    const node = await context.node(command);
    const body = await node.get("/api/connections");
    if (context.wantsJson(command)) return context.printJson(body);
    const { connections } = readAnswer(connectionsSchema, body);
    if (connections.length === 0) {
      context.print(
        "No connections; one is created automatically with the second node, or by: " +
          "tankd connect",
      );
      return;
    }
    const directory = readAnswer(directorySchema, await node.get("/gateway/tanks"));
    context.print(describe(connections, namesOf(directory)));
  });
}

function describe(connections: readonly Connection[], names: ReadonlyMap<string, string>): string {
  return formatTable(
    ["FROM", "TO", "SERVER", "PERCENT", "DIRECTION", "ORIGIN", "ID"],
    connections.map((connection) => [
      names.get(connection.source_tank_id) ?? connection.source_tank_id,
      names.get(connection.destination_tank_id) ?? connection.destination_tank_id,
      connection.destination_server_id,
      connection.probability,
      connection.direction,
      connection.origin,
      connection.connection_id,
    ]),
  );
}
