import { z } from "zod";
import { messageOf, Problem } from "../platform/errors.ts";
import { connectionSchema } from "./connection-view.ts";
import type { ApiContext } from "./context.ts";
import { type ApiContextOf, pathAndQuery } from "./env.ts";
import { orderOf, readReply } from "./orders.ts";

type Connection = z.infer<typeof connectionSchema>;
type Cluster = ApiContext["cluster"];

const saidSchema = z.looseObject({ connections: z.array(connectionSchema) });

/** What other nodes did of a command that concerns them as well. */
export interface Elsewhere {
  readonly connections: readonly Connection[];
  /** Why others did not, by their labels. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** Whether this node may tell others to do their part of the command that `c` is. */
export function mayPassOn(cluster: Cluster, c: ApiContextOf): boolean {
  return cluster.orders.mayGive && c.env.orderedBy === undefined;
}

/**
 * Lets the servers of these labels do the same with their own connections. Those that have none of
 * the kind have not refused. Never rejects.
 */
export async function passOn(
  cluster: Cluster,
  c: ApiContextOf,
  serverIds: Iterable<string>,
): Promise<Elsewhere> {
  const order = { ...orderOf(c), path: pathAndQuery(c.req.url) };
  const refusals = new Map<string, string>();
  const told = await Promise.all(
    [...new Set(serverIds)].map(async (server_id) => {
      try {
        const nodeId = cluster.server(server_id)?.node_id;
        if (!nodeId) throw new Problem("unknown_server", `There is no server ${server_id}.`);
        return readReply(saidSchema, await cluster.orders.give(nodeId, order)).connections;
      } catch (error) {
        const isNone = error instanceof Problem && error.code === "unknown_connection";
        if (!isNone) refusals.set(server_id, messageOf(error));
        return [];
      }
    }),
  );
  return { connections: told.flat(), refusals };
}

/** Labels of the other servers that are online. */
export function othersOnline(cluster: Cluster): readonly string[] {
  return cluster
    .servers({ status: "online" })
    .flatMap(({ server_id, is_local, node_id }) =>
      is_local || node_id === null ? [] : [server_id],
    );
}
