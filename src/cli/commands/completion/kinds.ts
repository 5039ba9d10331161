import { z } from "zod";
import { serverRecordSchema } from "../../../cluster/server-record.ts";
import type { NodeClient } from "../../node-access/client.ts";
import { askConnections, askTankNames } from "../../node-access/connections.ts";
import { directorySchema, tanksSchema } from "../../node-access/tank-lookup.ts";
import { readAnswer } from "../../output/answer.ts";

/** A word that fits, with a description. */
export type Word = readonly [word: string, description: string];

/** Words that the node knows, by their kind. */
export const ASKED: Readonly<Record<AskedKind, (node: NodeClient) => Promise<readonly Word[]>>> = {
  tanks: ownTanks,
  all_tanks: allTanks,
  connections: ownConnections,
  servers: async (node) => (await servers(node)).map((one) => [one.server_id, one.status]),
  urls: async (node) => (await servers(node)).map((one) => [one.api_url, one.server_id]),
};

export type AskedKind = "tanks" | "all_tanks" | "connections" | "servers" | "urls";
/** The rest are found by the shell. */
export type Kind = AskedKind | "files" | "directories";

export function isAsked(kind: string): kind is AskedKind {
  return Object.hasOwn(ASKED, kind);
}

async function ownTanks(node: NodeClient): Promise<readonly Word[]> {
  const { tanks } = readAnswer(tanksSchema, await node.get("/api/tanks"));
  return tanks.map(({ tank, fish_count }) => [tank.name, `${tank.status}, ${fish_count} fish`]);
}

/** Those of other nodes as SERVER::TANK. */
async function allTanks(node: NodeClient): Promise<readonly Word[]> {
  const { tanks } = readAnswer(directorySchema, await node.get("/gateway/tanks"));
  return tanks.map(({ tank, server }) => {
    const name = server.is_local ? tank.name : `${tank.server_id}::${tank.name}`;
    return [name, server.is_local ? "on this node" : server.status];
  });
}

async function ownConnections(node: NodeClient): Promise<readonly Word[]> {
  const connections = await askConnections(node);
  const nameOf = await askTankNames(node);
  return connections.map((one) => [
    one.connection_id,
    `${nameOf(one.source_tank_id)} to ${nameOf(one.destination_tank_id)}`,
  ]);
}

const serversSchema = z.object({
  servers: z.array(
    serverRecordSchema.pick({ server_id: true, api_url: true, status: true, signed: true }),
  ),
});

async function servers(node: NodeClient) {
  const body = readAnswer(serversSchema, await node.get("/api/servers"));
  return body.servers.filter(({ signed }) => signed);
}
