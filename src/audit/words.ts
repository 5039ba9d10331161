import type { Cluster } from "../cluster/cluster.ts";
import { Homes } from "./homes.ts";
import type { Pair } from "./pairs.ts";
import type { Statement } from "./statement.ts";
import type { Place } from "./suspects.ts";

/** Nodes and tanks by the names that people know. */
export class Words {
  readonly #servers = new Map<string, string>();
  readonly #tanks = new Map<string, string>();

  constructor(statements: ReadonlyMap<string, Statement>) {
    for (const [nodeId, { server_id, tanks, unread }] of statements) {
      this.#servers.set(nodeId, server_id);
      for (const { tank_id, name } of [...tanks, ...unread]) this.#tanks.set(tank_id, name);
    }
  }

  server(nodeId: string): string {
    return this.#servers.get(nodeId) ?? nodeId;
  }

  tank(nodeId: string, tankId: string): string {
    return `tank ${this.#tanks.get(tankId) ?? tankId} of ${this.server(nodeId)}`;
  }

  pair(pair: Pair): string {
    const source = this.tank(pair.source_node_id, pair.source_tank_id);
    return `${source} to ${this.tank(pair.destination_node_id, pair.destination_tank_id)}`;
  }

  places(places: readonly Place[]): string {
    return places
      .map(({ node_id, tank_id, escrow }) => {
        const tank = this.tank(node_id, tank_id);
        return escrow === undefined ? tank : `in escrow from ${tank}`;
      })
      .join(", ");
  }

  /** What cannot be checked, however long one waits. */
  notes(statements: ReadonlyMap<string, Statement>, cluster: Cluster): string[] {
    const uncounted = [...statements.values()].filter(({ whole }) => !whole);
    const departed = new Set<string>();
    const homes = new Homes(statements);
    for (const { pairs } of statements.values()) {
      for (const { side, node_id, source_tank_id, destination_tank_id } of pairs) {
        const home = homes.of(side === "out" ? destination_tank_id : source_tank_id, node_id);
        if (!cluster.server(home)) departed.add(home);
      }
    }
    return [
      ...uncounted.map(
        ({ server_id }) =>
          `${server_id} has transfers from before they were counted; those are not checked`,
      ),
      ...[...departed].sort().map((id) => `transfers with ${id}, which has left, are not checked`),
    ];
  }
}
