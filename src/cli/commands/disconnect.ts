import type { Command } from "commander";
import { Problem } from "../../platform/errors.ts";
import type { CliContext } from "../context.ts";
import { shellWord } from "../invocation.ts";
import type { NodeClient } from "../node-access/client.ts";
import { askConnections, askTankNames, type Connection } from "../node-access/connections.ts";
import { findTank, findTankAnywhere } from "../node-access/tank-lookup.ts";
import { count } from "../output/words.ts";
import { chosenTanks } from "./tank/chosen.ts";

/** `tankd disconnect`: removes connections, so that no fish migrate along them any more. */
export function defineDisconnect(disconnect: Command, context: CliContext): void {
  disconnect
    .argument("[source]", "a tank of this node, or the id of a connection")
    .argument("[destination]", "the tank to which it is connected")
    .option("--all", "every connection from this tank, or without one from this node")
    .addHelpText(
      "after",
      `
Fish in transit still arrive. The automatic connection, once cut, does not come back; while it was
only replaced by another one, it does when that is cut.`,
    )
    .action(
      async (
        source: string | undefined,
        destination: string | undefined,
        { all = false }: { all?: boolean },
        command: Command,
      ) => {
        if (all && destination === undefined) return disconnectAll(context, command, source);
        if (all) throw new Problem("usage", "give a destination or --all, not both");
        if (source !== undefined) return disconnectOne(context, command, source, destination);
        const ways = "Give SRC and DST, the id of a connection, or --all";
        throw new Problem("usage", `disconnect what? ${ways}`);
      },
    );
}

/** Removes the connection with the id `source`, or that between two tanks. */
export async function disconnectOne(
  context: CliContext,
  command: Command,
  source: string,
  destination: string | undefined,
): Promise<void> {
  const node = await context.node(command);
  const found = await findConnection(node, source, destination);
  const body = await remove(node, found);
  if (context.wantsJson(command)) return context.printJson(body);
  sayRemoved(context, [found], await askTankNames(node));
}

async function disconnectAll(
  context: CliContext,
  command: Command,
  source: string | undefined,
): Promise<void> {
  const node = await context.node(command);
  const [tank] = source === undefined ? [] : await chosenTanks(node, [source], false);
  const chosen = (await askConnections(node)).filter(
    (one) => tank === undefined || one.source_tank_id === tank.tank.tank_id,
  );
  const results: unknown[] = [];
  for (const one of chosen) results.push(await remove(node, one));
  if (context.wantsJson(command)) return context.printJson({ results, count: results.length });
  sayRemoved(context, chosen, await askTankNames(node));
  context.print(`Removed ${count(chosen.length, "connection")}.`);
}

/** @throws Problem `unknown_connection`; `usage` where several may be meant */
async function findConnection(
  node: NodeClient,
  source: string,
  destination: string | undefined,
): Promise<Connection> {
  const all = await askConnections(node);
  const byId = all.find((one) => one.connection_id === source);
  if (byId !== undefined && destination === undefined) return byId;
  const tankId = await findTank(node, source);
  const of = all.filter((one) => one.source_tank_id === tankId);
  const [only] = of;
  if (only === undefined)
    throw unknown(`${source} is neither a connection nor a tank that has one`);
  if (destination !== undefined) return findAmong(node, of, source, destination);
  if (of.length === 1) return only;
  const nameOf = await askTankNames(node);
  const names = of.map((one) => nameOf(one.destination_tank_id));
  throw new Problem(
    "usage",
    `${source} is connected to ${names.join(" and ")}: name one of them as well, or give --all`,
  );
}

/** By its id, the tank may be of a node that is gone. */
async function findAmong(
  node: NodeClient,
  connections: readonly Connection[],
  source: string,
  destination: string,
): Promise<Connection> {
  const to = (tankId: string) => connections.find((one) => one.destination_tank_id === tankId);
  const found = to(destination) ?? to((await findTankAnywhere(node, destination)).tankId);
  if (found !== undefined) return found;
  throw unknown(`there is no connection from ${source} to ${destination}`);
}

function unknown(what: string): Problem {
  return new Problem("unknown_connection", `${what}; to list them: tankd connections`);
}

function remove(node: NodeClient, { connection_id: id }: Connection): Promise<unknown> {
  return node.delete(`/api/connections/${encodeURIComponent(id)}`);
}

function sayRemoved(
  context: CliContext,
  removed: readonly Connection[],
  nameOf: (tankId: string) => string,
): void {
  for (const one of removed) {
    const [from, to] = [nameOf(one.source_tank_id), nameOf(one.destination_tank_id)];
    const server = one.destination_server_id;
    context.print(
      `Fish of ${from} no longer migrate to ${to} on ${server}; those in transit still arrive.`,
    );
    if (one.origin !== "auto") continue;
    const again = `tankd connect ${shellWord(from)} ${shellWord(`${server}::${to}`)}`;
    context.print(
      context.asTyped(`It was the automatic connection, which does not come back; again: ${again}`),
    );
  }
}
