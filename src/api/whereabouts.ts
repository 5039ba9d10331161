import type { AnnouncedTank, ServerRecord } from "../cluster/server-record.ts";
import type { ApiContext } from "./context.ts";

/** The node that has a tank. */
export interface Whereabouts {
  readonly node_id: string;
  /** Its label, or its id where it is not listed. */
  readonly server_id: string;
  readonly tank: AnnouncedTank;
  readonly is_local: boolean;
}

/**
 * Where a tank is, by all that this node knows: its own tanks, those that have left it, those that
 * it has just placed, and the directory, which is seconds old, or has lost one that moves. Of two
 * places the one of the later epoch counts.
 * @throws Problem `conflict` for a name that several tanks share
 */
export function whereIs(
  { tanks, cluster, migration }: Pick<ApiContext, "tanks" | "cluster" | "migration">,
  asked: string,
): Whereabouts | undefined {
  const own = tanks.get(asked);
  if (own !== undefined) {
    const { tank_id, name, epoch } = own.row;
    const { nodeId: node_id, serverId: server_id } = cluster;
    return { node_id, server_id, tank: { tank_id, name, epoch }, is_local: true };
  }
  const listed = cluster.locate(asked) ?? placedAt(cluster, asked) ?? cluster.lastPlace(asked);
  const tankId = listed?.tank.tank_id ?? asked;
  const moved = tanks.get(tankId) ? undefined : migration.movedTo(tankId);
  if (moved === undefined || (listed && !listed.is_local && listed.tank.epoch >= moved.epoch)) {
    return listed;
  }
  const { node_id, epoch } = moved;
  const server_id = cluster.server(node_id)?.server_id ?? node_id;
  const name = listed?.tank.name ?? tankId;
  return { node_id, server_id, tank: { tank_id: tankId, name, epoch }, is_local: false };
}

/** A tank with the node that has it. */
export interface PlacedAt {
  readonly tank: AnnouncedTank;
  readonly server: ServerRecord;
}

/** Every tank of the directory, and those that have just left this node or were placed from it. */
export function allTanks(
  context: Pick<ApiContext, "tanks" | "cluster" | "migration">,
): readonly PlacedAt[] {
  const { cluster, migration } = context;
  const listed = cluster
    .servers()
    .flatMap((server) =>
      server.node_id === null
        ? []
        : cluster.tanksOf(server.node_id).map((tank) => ({ tank, server })),
    );
  const known = new Set(listed.map(({ tank }) => tank.tank_id));
  const recent = [...cluster.placement.placed().map(({ tank }) => tank), ...migration.moves()];
  const unlisted = [...new Map(recent.map(({ tank_id, name }) => [tank_id, name]))].flatMap(
    ([tankId, name]) => {
      if (known.has(tankId)) return [];
      const place = whereIs(context, tankId);
      const server = place && cluster.server(place.node_id);
      return server ? [{ tank: { ...place.tank, name }, server }] : [];
    },
  );
  return [...listed, ...unlisted];
}

/** Of a tank that no list names yet. */
function placedAt(cluster: ApiContext["cluster"], asked: string): Whereabouts | undefined {
  for (const { node_id, tank } of cluster.placement.placed()) {
    const server_id = cluster.server(node_id)?.server_id ?? node_id;
    const names = [tank.tank_id, tank.name, `${server_id}::${tank.name}`];
    if (!names.includes(asked)) continue;
    const { tank_id, name } = tank;
    return { node_id, server_id, tank: { tank_id, name, epoch: 1 }, is_local: false };
  }
  return undefined;
}
