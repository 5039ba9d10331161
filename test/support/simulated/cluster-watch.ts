import type { Cluster } from "../../../src/cluster/cluster.ts";
import type { ServerRecord } from "../../../src/cluster/server-record.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import type { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

/** A simulated node as the watch sees it. */
export interface Watched {
  readonly host: SimulatedHost;
  /** Undefined while nothing runs on the host. */
  readonly running: Cluster | undefined;
}

export interface WatchOptions {
  readonly world: SimulatedWorld;
  /** Those that should be one cluster. Nodes may come and go. */
  readonly nodes: () => readonly Watched[];
  /** Once nothing has been started, killed, cut or moved for this long, each group has one hub. */
  readonly boundMs: number;
  /** False while something goes on that the watch cannot see, such as lost messages. */
  readonly isCalm?: () => boolean;
}

interface Member {
  readonly host: SimulatedHost;
  readonly cluster: Cluster;
}

/** Half of the interval of pings: nothing that is seen by others lasts shorter. */
const LOOK_EVERY_MS = 200;
const FINDINGS_MAX = 5;

/**
 * Looks at all nodes again and again. At every moment: no answer with two online hubs or two rows
 * of one node. Once it is calm: one hub in each connected group, followed by all of the group.
 */
export class ClusterWatch {
  readonly #with: WatchOptions;
  readonly #seen = new Map<string, number>();
  #looking = true;
  #calmSinceMs: number;
  #shape = "";
  #groups: readonly (readonly Member[])[] = [];

  constructor(options: WatchOptions) {
    this.#with = options;
    this.#calmSinceMs = options.world.nowMs;
    this.#look();
  }

  /** What was wrong, each with the time when it was first seen, and ends the watch. */
  end(): readonly string[] {
    this.#looking = false;
    return [...this.#seen].map(([what, atMs]) => `${what}, ${Math.round(atMs)} ms after the start`);
  }

  #look(): void {
    if (!this.#looking) return;
    const { world, boundMs } = this.#with;
    const members = this.#members();
    this.#noticeChange(members);
    for (const member of members) this.#find(answerFaults(member));
    if (world.nowMs - this.#calmSinceMs >= boundMs) {
      for (const group of this.#groups) this.#find(groupFaults(group));
    }
    world.schedule(LOOK_EVERY_MS, "watch the cluster", () => this.#look());
  }

  #members(): readonly Member[] {
    return this.#with
      .nodes()
      .flatMap(({ host, running }) => (running ? [{ host, cluster: running }] : []));
  }

  #noticeChange(members: readonly Member[]): void {
    const { world, isCalm = () => true } = this.#with;
    const boots = members.map(({ host }) => `${host.name}#${host.boots}`).join();
    const shape = `${world.network.changes} ${boots}`;
    if (shape !== this.#shape) {
      this.#shape = shape;
      this.#groups = connectedGroups(world, members);
      this.#calmSinceMs = world.nowMs;
    }
    if (!isCalm()) this.#calmSinceMs = world.nowMs;
  }

  #find(faults: readonly string[]): void {
    for (const fault of faults) {
      if (this.#seen.size >= FINDINGS_MAX) return;
      if (!this.#seen.has(fault)) this.#seen.set(fault, this.#with.world.nowMs);
    }
  }
}

/**
 * Nodes that have a way to each other: one can dial the other, or both are connected to a third. So
 * two networks with a node on both are one group, and who is behind a NAT belongs to those outside.
 */
export function connectedGroups<M extends { readonly host: SimulatedHost }>(
  { network }: SimulatedWorld,
  members: readonly M[],
): readonly (readonly M[])[] {
  const groups: M[][] = [];
  const rest = new Set(members);
  for (const first of rest) {
    rest.delete(first);
    const group = [first];
    // The loop goes on over what it adds.
    for (const one of group) {
      for (const other of rest) {
        const { host } = other;
        if (!network.canDial(one.host, host) && !network.canDial(host, one.host)) continue;
        rest.delete(other);
        group.push(other);
      }
    }
    groups.push(group);
  }
  return groups;
}

function groupFaults(group: readonly Member[]): readonly string[] {
  const names = group.map(({ host }) => host.name).join();
  const hubs = group.filter(({ cluster }) => cluster.role === "hub");
  if (hubs.length !== 1) {
    return [`${hubs.length} hubs (${hubs.map(({ host }) => host.name)}) among ${names}`];
  }
  const followed = new Set(group.map(({ cluster }) => cluster.view().hub?.node_id));
  return followed.size === 1 ? [] : [`${names} follow ${[...followed].join(" and ")}`];
}

function answerFaults({ host, cluster }: Member): readonly string[] {
  const rows = cluster.servers();
  const online = rows.filter(({ status }) => status === "online");
  const hubs = online.filter(({ role }) => role === "hub").map(({ server_id }) => server_id);
  const faults = hubs.length > 1 ? [`${host.name} lists two online hubs: ${hubs}`] : [];
  return [...faults, ...doubles(rows).map((double) => `${host.name} lists ${double} twice`)];
}

function doubles(rows: readonly ServerRecord[]): readonly string[] {
  const seen = new Set<string>();
  const ids = rows.flatMap(({ node_id, server_id }) => [
    `server ${server_id}`,
    ...(node_id === null ? [] : [`node ${node_id}`]),
  ]);
  return ids.filter((id) => seen.size === seen.add(id).size);
}
