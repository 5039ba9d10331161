import { type Command, Option } from "commander";
import { z } from "zod";
import { Problem } from "../../platform/errors.ts";
import type { CliContext } from "../context.ts";
import { findTank, findTankAnywhere, readTankAddress } from "../node-access/tank-lookup.ts";
import { readAnswer } from "../output/answer.ts";
import { readNumber } from "../output/numbers.ts";

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
  readonly rm?: string;
}

/** `tankd connect SRC DST`: lets fish migrate from one tank to another; `--rm ID` stops that. */
export function defineConnect(connect: Command, context: CliContext): void {
  connect
    .argument("[source]", "a tank of this node, by id, name or alias")
    .argument("[destination]", "a tank of any node, by id, name or alias, or as SERVER::TANK")
    .option("--probability <percent>", "chance of a fish at each draw, 0-100 (default: 25)")
    .addOption(
      new Option(
        "--direction <side>",
        "the wall through which they leave: left, right or both (default: right)",
      ).choices(["left", "right", "both"]),
    )
    .option("--rm <id>", "remove a connection; tankd connections shows the ids")
    .addHelpText(
      "after",
      `
Fish on their way still arrive. The automatic connection, once cut, does not come back; while it was
only replaced by another one, it does when that is cut.`,
    )
    .action(
      async (
        source: string | undefined,
        destination: string | undefined,
        options: ConnectOptions,
        command: Command,
      ) => {
        if (options.rm !== undefined) {
          const { probability, direction } = options;
          if ((source ?? probability ?? direction) !== undefined) {
            throw new Problem("usage", "give two tanks, or --rm ID");
          }
          return disconnect(context, command, options.rm);
        }
        if (source === undefined || destination === undefined) {
          const missing = source === undefined ? "which tanks?" : `${source} with which tank?`;
          throw new Problem("usage", `connect ${missing} Give SRC and DST, or --rm ID`);
        }
        return connectTanks(context, command, { ...options, source, destination });
      },
    );
}

async function connectTanks(
  context: CliContext,
  command: Command,
  options: ConnectOptions & { readonly source: string; readonly destination: string },
): Promise<void> {
  const { source, destination, direction } = options;
  const probability = readNumber(options.probability, "--probability", 0, 100);
  for (const text of [source, destination]) readTankAddress(text);
  const node = await context.node(command);
  const { tankId, serverId } = await findTankAnywhere(node, destination);
  // For a tank of another node, the error names that node.
  const from = readTankAddress(await findTank(node, source));
  const body = await node.post("/api/connections", {
    source_tank_id: from.tank,
    ...(from.server === undefined ? {} : { source_server_id: from.server }),
    destination_tank_id: tankId,
    ...(serverId === undefined ? {} : { destination_server_id: serverId }),
    ...(probability === undefined ? {} : { probability }),
    ...(direction === undefined ? {} : { direction }),
  });
  if (context.wantsJson(command)) return context.printJson(body);
  const made = readAnswer(connectionSchema, body);
  context.print(
    `Fish of ${source} now migrate to ${destination} on ${made.destination_server_id}: ` +
      `${made.probability} % at each draw, direction ${made.direction}.`,
  );
}

async function disconnect(context: CliContext, command: Command, id: string): Promise<void> {
  const node = await context.node(command);
  const body = await node.delete(`/api/connections/${encodeURIComponent(id)}`);
  if (context.wantsJson(command)) return context.printJson(body);
  context.print(`Removed the connection ${id}; fish in transit still arrive.`);
}
