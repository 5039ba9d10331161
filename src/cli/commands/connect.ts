import { type Command, Option } from "commander";
import { Problem } from "../../platform/errors.ts";
import type { CliContext } from "../context.ts";
import type { NodeClient } from "../node-access/client.ts";
import {
  askTankNames,
  type Connection,
  connectionSchema,
  describeMigration,
  describeTerms,
  isPaused,
} from "../node-access/connections.ts";
import { findTank, findTankAnywhere, readTankAddress } from "../node-access/tank-lookup.ts";
import { readAnswer } from "../output/answer.ts";
import { connectTopology } from "./connect-topology.ts";
import { addTermOptions, readTerms, type TermOptions } from "./connection-terms.ts";
import { disconnectOne } from "./disconnect.ts";

/** Nodes of earlier builds do not say what was there before. */
const madeSchema = connectionSchema.extend({ previous: connectionSchema.nullish() });

interface ConnectOptions extends TermOptions {
  readonly change?: string;
  readonly force?: boolean;
  readonly topology?: string;
  readonly as?: string;
  readonly rm?: string;
}

/** `tankd connect SRC DST`: lets fish migrate from one tank to another. */
export function defineConnect(connect: Command, context: CliContext): void {
  addTermOptions(
    connect
      .argument("[source]", "a tank of this node, by id, name or alias")
      .argument("[destination...]", "tanks of any node, by id, name or alias, or as SERVER::TANK"),
  )
    .option("--change <id>", "change terms of a connection, and leave the others as they are")
    .addOption(
      new Option(
        "--topology <name>",
        "connect all the tanks that are named: ring, full, star around the first, random, or " +
          "custom: SRC DST SRC DST",
      ).choices(["ring", "full", "star", "random", "custom"]),
    )
    .option("--as <name>", "the name of the topology, to replace or remove it (default: its kind)")
    .option("--force", "store it even if a tank cannot be reached now")
    .option("--rm <id>", "the same as tankd disconnect ID")
    .addHelpText(
      "after",
      `
A connection from the same tank to the same first destination is changed, not added. It takes the
place of the automatic connection of its source, which comes back when it is cut: see
tankd disconnect --help.
A trait is energy, speed, size, sight, lifespan, generation, offspring, poker_wins,
poker_net_energy, or a gene like aggression.`,
    )
    .action(
      async (
        source: string | undefined,
        destinations: readonly string[],
        options: ConnectOptions,
        command: Command,
      ) => {
        const { change, rm, force, topology, as: name, ...terms } = options;
        const given = readTerms(terms);
        if (topology !== undefined) {
          if (rm !== undefined || change !== undefined) {
            throw new Problem("usage", "give --topology, --change or --rm");
          }
          const tanks = source === undefined ? [] : [source, ...destinations];
          if (tanks.length < 2) throw new Problem("usage", `a ${topology} of which tanks?`);
          return connectTopology(context, command, { topology, name, tanks, given, force });
        }
        if (name !== undefined) throw new Problem("usage", "--as goes with --topology");
        if (rm !== undefined) {
          if (source !== undefined || Object.keys(given).length > 0 || change !== undefined) {
            throw new Problem("usage", "give two tanks, or --rm ID");
          }
          return disconnectOne(context, command, rm, undefined);
        }
        if (change !== undefined) {
          if (source !== undefined) throw new Problem("usage", "give two tanks, or --change ID");
          return changeTerms(context, command, change, given);
        }
        if (source === undefined || destinations.length === 0) {
          const missing = source === undefined ? "which tanks?" : `${source} with which tank?`;
          throw new Problem("usage", `connect ${missing} Give SRC and DST`);
        }
        return connectTanks(context, command, { source, destinations, given, force });
      },
    );
}

async function changeTerms(
  context: CliContext,
  command: Command,
  id: string,
  given: Readonly<Record<string, unknown>>,
): Promise<void> {
  if (Object.keys(given).length === 0) {
    throw new Problem("usage", `change what of ${id}? Give --pause, --probability or the like`);
  }
  const node = await context.node(command);
  const body = await node.patch(`/api/connections/${encodeURIComponent(id)}`, given);
  if (context.wantsJson(command)) return context.printJson(body);
  const changed = readAnswer(connectionSchema, body);
  const nameOf = await askTankNames(node);
  const ends = `${nameOf(changed.source_tank_id)} to ${nameOf(changed.destination_tank_id)}`;
  context.print(`The connection from ${ends} is changed: ${describeTerms(changed)}.`);
}

interface Ends {
  readonly source: string;
  readonly destinations: readonly string[];
  readonly given: Readonly<Record<string, unknown>>;
  readonly force: boolean | undefined;
}

async function connectTanks(context: CliContext, command: Command, ends: Ends): Promise<void> {
  const { source, destinations, given, force } = ends;
  for (const text of [source, ...destinations]) readTankAddress(text);
  const node = await context.node(command);
  const named = [];
  for (const destination of destinations) {
    const { tankId: tank_id, serverId: server_id } = await findTankAnywhere(node, destination);
    named.push(server_id === undefined ? { tank_id } : { tank_id, server_id });
  }
  // For a tank of another node, the error names that node.
  const from = readTankAddress(await findTank(node, source));
  const body = await node.post("/api/connections", {
    source_tank_id: from.tank,
    ...(from.server === undefined ? {} : { source_server_id: from.server }),
    ...destinationsOf(named),
    ...given,
    ...(force ? { force } : {}),
  });
  if (context.wantsJson(command)) return context.printJson(body);
  const { previous, ...made } = readAnswer(madeSchema, body);
  const place = placesOf(destinations, made);
  context.print(
    isPaused(made)
      ? `The connection from ${source} to ${place} is ${describeTerms(made)}: no fish leave by it.`
      : describeMigration(made, source, place),
  );
  if (previous) context.print(await describeChange(node, made, previous));
}

/** Nodes of earlier builds know one destination. */
function destinationsOf(named: readonly { tank_id: string; server_id?: string }[]) {
  const [first, ...further] = named;
  if (further.length > 0) return { destinations: named };
  return {
    destination_tank_id: first?.tank_id,
    ...(first?.server_id === undefined ? {} : { destination_server_id: first.server_id }),
  };
}

/** `lake on far and pond on near` */
function placesOf(names: readonly string[], made: Connection): string {
  const servers = made.destinations.map((one) => one.server_id);
  const places = names.map((name, at) => {
    return `${name} on ${servers[at] ?? made.destination_server_id}`;
  });
  return [places.slice(0, -1).join(", "), places.at(-1)].filter(Boolean).join(" and ");
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
