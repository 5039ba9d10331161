import type { Cluster } from "../../cluster/cluster.ts";
import type { ConnectionRow } from "../../store/rows.ts";
import type { Tanks } from "../../tanks/tanks.ts";

/** Percent per draw: on a new node a fish leaves within half a minute. */
const probability = 25;

export interface AutoSurroundings {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly connections: readonly ConnectionRow[];
  /** Creates the row's own fields when there is none yet. */
  readonly fresh: () => Pick<ConnectionRow, "connection_id" | "created_at">;
}

/**
 * The automatic connection that should exist now: from this node's first tank to that of the next
 * online node in node_id order, so that the nodes form a ring. None while an explicit connection
 * leaves that tank. Without another node it stays unchanged.
 */
export function wantedAutoConnection(around: AutoSurroundings): ConnectionRow | undefined {
  const { tanks, cluster, connections, fresh } = around;
  const source_tank_id = firstTank(tanks);
  if (source_tank_id === undefined) return undefined;
  const fromSource = connections.filter((row) => row.source_tank_id === source_tank_id);
  if (fromSource.some((row) => row.origin === "manual")) return undefined;
  const present = fromSource.find((row) => row.origin === "auto");
  const next = nextNeighbour(cluster);
  if (!next) return present;
  const { connection_id, created_at } = present ?? fresh();
  const direction = present?.direction ?? "both";
  return {
    connection_id,
    source_tank_id,
    ...next,
    probability,
    direction,
    origin: "auto",
    created_at,
  };
}

function firstTank(tanks: Tanks): string | undefined {
  const rows = tanks.list().map((tank) => tank.row);
  return rows.sort((a, b) => a.ordinal - b.ordinal)[0]?.tank_id;
}

/** The next online and reachable node in cyclic node_id order that has a tank. */
function nextNeighbour(
  cluster: Cluster,
): Pick<ConnectionRow, "destination_node_id" | "destination_tank_id"> | undefined {
  const others = cluster
    .servers({ status: "online" })
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
