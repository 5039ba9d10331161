import type { ServerFilter, TankLocation } from "../cluster.ts";
import { isDialable, rttMsOf } from "../peers/peer.ts";
import type { PeerTable } from "../peers/peer-table.ts";
import type { AnnouncedTank, ServerRecord } from "../server-record.ts";
import type { Registry } from "./registry.ts";
import type { Entry } from "./registry-entry.ts";
import { findTank, type Naming } from "./tank-names.ts";

/** Facts about a server on which this node differs from the hub that reported it. */
export interface Viewpoint {
  readonly selfId: string;
  /** This node's own record, computed now. */
  readonly self: () => ServerRecord;
  readonly ownTanks: () => readonly AnnouncedTank[];
  readonly hub: string | undefined;
  /** Backends through which this node has found it. */
  readonly discoveredBy: (nodeId: string) => readonly string[];
  /** What this node has found out itself. */
  readonly table: PeerTable;
  /**
   * Whether a node has proven to this one that it belongs to the cluster; undefined without a
   * secret.
   */
  readonly isMember: ((nodeId: string) => boolean) | undefined;
}

/** Answers for the whole cluster from this node's registry. */
export class Directory {
  readonly #registry: Registry;
  readonly #viewpoint: () => Viewpoint;
  readonly #naming: Naming;

  constructor(registry: Registry, viewpoint: () => Viewpoint, naming: Naming) {
    this.#registry = registry;
    this.#viewpoint = viewpoint;
    this.#naming = naming;
  }

  /** Members and servers without a key, hub first, then by server_id. */
  servers(filter: ServerFilter = {}): readonly ServerRecord[] {
    return this.#list(filter, ({ member, signed }) => member || !signed);
  }

  /** Nodes that have not proven to know the cluster's secret: visible, without rights. */
  strangers(filter: ServerFilter = {}): readonly ServerRecord[] {
    return this.#list(filter, ({ member, signed }) => signed && !member);
  }

  /** The entry that a person means by `id`: a node's id, or a name. */
  server(id: string): ServerRecord | undefined {
    const entry = this.#registry.find(id);
    return entry && show(entry, this.#viewpoint());
  }

  node(nodeId: string): ServerRecord | undefined {
    const entry = this.#registry.get(nodeId);
    return entry && show(entry, this.#viewpoint());
  }

  tanksOf(nodeId: string): readonly AnnouncedTank[] {
    const view = this.#viewpoint();
    return nodeId === view.selfId ? view.ownTanks() : (this.#registry.get(nodeId)?.tanks ?? []);
  }

  /** The tank that a text denotes here. @throws Problem, see {@link findTank} */
  locate(wanted: string): TankLocation | undefined {
    return findTank(wanted, this.#locations(), this.#naming);
  }

  /** Every tank with that name. */
  called(name: string): readonly TankLocation[] {
    return this.#locations().filter(({ tank }) => tank.name === name);
  }

  #list(filter: ServerFilter, belongs: (record: ServerRecord) => boolean): readonly ServerRecord[] {
    const view = this.#viewpoint();
    return this.#registry
      .entries()
      .map((entry) => show(entry, view))
      .filter((record) => belongs(record) && passes(record, filter))
      .sort(
        (a, b) =>
          Number(b.role === "hub") - Number(a.role === "hub") ||
          compareText(a.server_id, b.server_id),
      );
  }

  /**
   * Tanks of members, each once. If two nodes claim one, it is that of the later epoch: it has
   * moved, and the list of the other is older. Without a secret tanks do not move, and anybody may
   * claim one: then it is that of the node that is known for longer.
   */
  #locations(): readonly TankLocation[] {
    const view = this.#viewpoint();
    const entries = this.#registry
      .entries()
      .toSorted((a, b) => compareText(a.record.registered_at, b.record.registered_at));
    const claims = entries.flatMap((entry) => {
      const node_id = entry.record.node_id;
      const is_own = entry.key === view.selfId;
      if (node_id === null || !(is_own || belongs(entry, view))) return [];
      const is_local = is_own;
      const tanks = is_local ? view.ownTanks() : entry.tanks;
      const { server_id } = entry.record;
      return tanks.map((tank) => ({ node_id, server_id, tank, is_local }));
    });
    const byId = new Map<string, TankLocation>();
    for (const claim of claims) {
      const other = byId.get(claim.tank.tank_id);
      const isLater = view.isMember !== undefined && claim.tank.epoch > (other?.tank.epoch ?? 0);
      if (!other || isLater) byId.set(claim.tank.tank_id, claim);
    }
    return [...byId.values()];
  }
}

/** Only the followed hub is shown as one, so no answer contains two. */
function show(entry: Entry, view: Viewpoint): ServerRecord {
  const isSelf = entry.key === view.selfId;
  const role = entry.key === view.hub ? "hub" : "worker";
  if (isSelf) {
    const { server_id } = entry.record;
    const relay = entry.relay ?? null;
    return { ...view.self(), server_id, role: view.hub ? role : "discovering", relay };
  }
  const discoveredBy = view.discoveredBy(entry.key);
  const peer = view.table.get(entry.key);
  return {
    ...entry.record,
    discovered_by: discoveredBy.length > 0 ? [...discoveredBy] : entry.record.discovered_by,
    status: entry.status === "online" && entry.record.status_reason ? "degraded" : entry.status,
    role,
    member: belongs(entry, view),
    is_local: false,
    rtt_ms: rttMsOf(peer) ?? entry.record.rtt_ms,
    reachable: isDialable(peer) ?? entry.record.reachable,
    relay: entry.relay ?? null,
  };
}

/** By its own proof to this node, or by the report of the hub that listed it. */
function belongs({ key, record, toldBy }: Entry, { isMember }: Viewpoint): boolean {
  if (isMember === undefined) return record.signed;
  return isMember(key) || (toldBy !== undefined && record.member);
}

function passes(record: ServerRecord, filter: ServerFilter): boolean {
  const { tags = [], capabilities = [], resources = [] } = filter;
  const has = Object.entries(record.resources).map(([key, value]) => `${key}=${value}`);
  return (
    isWanted(record.status, filter.status) &&
    isWanted(record.role, filter.role) &&
    isWanted(record.region, filter.region) &&
    isWanted(record.zone, filter.zone) &&
    tags.every((tag) => record.tags.includes(tag)) &&
    capabilities.every((capability) => record.capabilities.includes(capability)) &&
    resources.every((resource) => has.includes(resource))
  );
}

function isWanted<T>(value: T, wanted: T | undefined): boolean {
  return wanted === undefined || value === wanted;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
