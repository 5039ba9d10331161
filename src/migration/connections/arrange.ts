import { Problem } from "../../platform/errors.ts";
import type { ConnectionRow } from "../../store/rows.ts";
import type { NewTopology } from "../migration.ts";
import type { Connections } from "./connections.ts";
import { type Destination, destinationColumns } from "./destinations.ts";
import { destinationOf, type EndPorts, requireDestinations } from "./ends.ts";
import { requireTerms, TERMS_DEFAULT, withTerms } from "./terms.ts";
import { type Edge, edgesOf } from "./topology.ts";

export interface Arranged {
  readonly rows: readonly ConnectionRow[];
  /** Tanks of other nodes, whose connections only those nodes can make. */
  readonly elsewhere: readonly Destination[];
}

/**
 * Makes the connections of a topology that leave tanks of this node, in one commit. Made again it
 * replaces those that it had. @throws Problem as {@link Connections.connect}
 */
export async function arrange(
  ports: EndPorts,
  connections: Connections,
  spec: NewTopology,
): Promise<Arranged> {
  const { topology, name, tanks: named, force, ...terms } = spec;
  const tanks = named.map((tank) => destinationOf(ports, tank));
  const edges = edgesOf(topology, tanks);
  const isOwn = ({ source }: Edge) => source.destination_node_id === ports.cluster.nodeId;
  const own = edges.filter(isOwn);
  if (own.length === 0) {
    throw new Problem(
      "invalid",
      "No fish would leave a tank of this node by it: give the command on the nodes of the tanks.",
    );
  }
  const wanted = own.map(({ source, destinations, strategy }) => {
    const source_tank_id = source.destination_tank_id;
    requireDestinations(source_tank_id, destinations);
    const columns = { source_tank_id, ...destinationColumns(destinations), topology: name };
    return { ...withTerms({ ...TERMS_DEFAULT, strategy }, terms), ...columns };
  });
  for (const one of wanted) requireTerms(one);
  if (!force) await connections.requireReachable(wanted);
  const stored = await connections.store(wanted, (row) => row.topology === name);
  const elsewhere = edges.filter((edge) => !isOwn(edge)).map(({ source }) => source);
  return { rows: stored.map(({ row }) => row), elsewhere };
}
