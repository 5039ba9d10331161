import { type Command, Option } from "commander";
import { Problem } from "../../platform/errors.ts";
import type { CliContext } from "../context.ts";
import type { NodeClient } from "../node-access/client.ts";
import {
  askTankNames,
  type Connection,
  connectionSchema,
  describeTerms,
} from "../node-access/connections.ts";
import { findTank, findTankAnywhere, readTankAddress } from "../node-access/tank-lookup.ts";
import { readAnswer } from "../output/answer.ts";
import { readNumber } from "../output/numbers.ts";
import { disconnectOne } from "./disconnect.ts";

/** Nodes of earlier builds do not say what was there before. */
const madeSchema = connectionSchema.extend({ previous: connectionSchema.nullish() });

interface ConnectOptions {
  readonly probability?: string;
  readonly direction?: string;
  readonly rm?: string;
}

/** `tankd connect SRC DST`: lets fish migrate from one tank to another. */
export function defineConnect(connect: Command, context: CliContext): void {
  connect
    .argument("[source]", "a tank of this node, by id, name or alias")
    .argument("[destination]", "a tank of any node, by id, name or alias, or as SERVER::TANK")
    .option(
      "--probability <percent>",
      "chance of a fish at each draw, 0-100; 0 pauses the connection (default: 25)",
    )
    .addOption(
      new Option(
        "--direction <side>",
        "the wall through which they leave: left, right or both (default: both)",
      ).choices(["left", "right", "both"]),
    )
    .option("--rm <id>", "the same as tankd disconnect ID")
    .addHelpText(
      "after",
      `
A connection between the same tanks is changed, not added. It takes the place of the automatic
connection of its source, which comes back when it is cut: see tankd disconnect --help.`,
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
          return disconnectOne(context, command, options.rm, undefined);
        }
        if (source === undefined || destination === undefined) {
          const missing = source === undefined ? "which tanks?" : `${source} with which tank?`;
          throw new Problem("usage", `connect ${missing} Give SRC and DST`);
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
  const { previous, ...made } = readAnswer(madeSchema, body);
  const place = `${destination} on ${made.destination_server_id}`;
  const terms = describeTerms(made);
  context.print(
    made.probability === 0
      ? `The connection from ${source} to ${place} is ${terms}: no fish leave by it.`
      : `Fish of ${source} now migrate to ${place}: ${terms}.`,
  );
  if (previous) context.print(await describeChange(node, made, previous));
}

/** What the new connection has changed: another one between these tanks, or the automatic one. */
async function describeChange(
  node: NodeClient,
  made: Connection,
  previous: Connection,
): Promise<string> {
  const origin = previous.origin === "auto" ? "automatic" : "manual";
  const before = `${origin}, ${describeTerms(previous)}`;
  if (previous.destination_tank_id === made.destination_tank_id) {
    return `It changed the connection that was there: ${before}.`;
  }
  const nameOf = await askTankNames(node);
  const place = `${nameOf(previous.destination_tank_id)} on ${previous.destination_server_id}`;
  return `It takes the place of the connection to ${place}: ${before}.`;
}
