import { type Command, Option } from "commander";
import { z } from "zod";
import { readAnswer } from "./answer.ts";
import type { CliContext } from "./context.ts";
import { readNumber } from "./numbers.ts";
import { findTank, findTankAnywhere, readTankAddress } from "./tank-lookup.ts";

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

interface ConnectOptions {
  readonly probability?: string;
  readonly direction?: string;
}

/** `tankd connect SRC DST`: let fish of one tank migrate to another. */
export function addConnect(program: Command, context: CliContext): void {
  program
    .command("connect")
    .description("let fish of one tank migrate to another")
    .argument("<source>", "a tank of this node, by id, name or alias")
    .argument("<destination>", "a tank of any node, by id, name or alias, or as SERVER::TANK")
    .option("--probability <percent>", "chance of a fish at each draw, 0-100 (default: 25)")
    .addOption(
      new Option(
        "--direction <side>",
        "the wall through which they leave: left, right or both (default: right)",
      ).choices(["left", "right", "both"]),
    )
    .action(
      async (source: string, destination: string, options: ConnectOptions, command: Command) => {
        const probability = readNumber(options.probability, "--probability", 0, 100);
        for (const text of [source, destination]) readTankAddress(text);
        const node = await context.node(command);
        const { tankId, serverId } = await findTankAnywhere(node, destination);
        // A tank that is not this node's is refused by the node, which says whose it is.
        const from = readTankAddress(await findTank(node, source));
        const body = await node.post("/api/connections", {
          source_tank_id: from.tank,
          ...(from.server === undefined ? {} : { source_server_id: from.server }),
          destination_tank_id: tankId,
          ...(serverId === undefined ? {} : { destination_server_id: serverId }),
          ...(probability === undefined ? {} : { probability }),
          ...(options.direction === undefined ? {} : { direction: options.direction }),
        });
        if (context.wantsJson(command)) return context.printJson(body);
        const made = readAnswer(connectionSchema, body);
        context.print(
          `Fish of ${source} now migrate to ${destination} on ${made.destination_server_id}: ${made.probability} % at each draw, direction ${made.direction}.`,
        );
      },
    );
}
