import type { Cluster, ServerFilter } from "../../cluster/cluster.ts";
import type { ConnectionRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";
import { type Destination, destinationColumns } from "./destinations.ts";
import { TERMS_DEFAULT } from "./terms.ts";

export interface AutoSurroundings {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  /** Whom it may join. */
  readonly filter: ServerFilter;
  readonly connections: readonly ConnectionRow[];
  /** Creates the row's own fields when there is none yet. */
  readonly fresh: () => Pick<ConnectionRow, "connection_id" | "created_at">;
}

/**
 * The automatic connection that should exist now: from this node's first tank to that of the next
 * online node in node_id order that it may join, so that the nodes form a ring. None while an
 * explicit connection leaves that tank. Without another node it stays unchanged, unless it may not
 * join its own any more.
 */
export function wantedAutoConnection(around: AutoSurroundings): ConnectionRow | undefined {
  const { tanks, cluster, filter, connections, fresh } = around;
  const source_tank_id = firstTank(tanks);
  if (source_tank_id === undefined) return undefined;
  const fromSource = connections.filter((row) => row.source_tank_id === source_tank_id);
  if (fromSource.some((row) => row.origin === "manual")) return undefined;
  const present = fromSource.find((row) => row.origin === "auto");
  const next = nextNeighbour(cluster, filter);
  if (!next) return present && mayStay(present, cluster, filter) ? present : undefined;
  return {
    ...TERMS_DEFAULT,
    topology: null,
    ...(present ?? fresh()),
    source_tank_id,
    ...destinationColumns([next]),
    origin: "auto",
  };
}

function firstTank(tanks: Tanks): string | undefined {
  const rows = tanks.list().map((tank) => tank.row);
  return rows.sort((a, b) => a.ordinal - b.ordinal)[0]?.tank_id;
}

/** A node that is not known at the moment may be one of those that it may join. */
function mayStay(
  { destination_node_id: nodeId }: ConnectionRow,
  cluster: Cluster,
  filter: ServerFilter,
): boolean {
  const isKnown = cluster.server(nodeId) !== undefined;
  return !isKnown || cluster.servers(filter).some((server) => server.node_id === nodeId);
}

/** The next online and reachable node in cyclic node_id order that has a tank. */
function nextNeighbour(cluster: Cluster, filter: ServerFilter): Destination | undefined {
  const others = cluster
    .servers({ ...filter, status: "online" })
    .filter((server) => server.signed && (server.reachable || server.relay))
    .flatMap((server) => server.node_id ?? [])
    .filter((nodeId) => nodeId !== cluster.nodeId)
    .sort();
  const after = others.findIndex((nodeId) => nodeId > cluster.nodeId);
  const inOrder = after <= 0 ? others : [...others.slice(after), ...others.slice(0, after)];
  for (const destination_node_id of inOrder) {
    const [first] = cluster.tanksOf(destination_node_id);
    if (first) return { destination_node_id, destination_tank_id: first.tank_id };
  }
  return undefined;
}
