import type { ServerFilter, TankLocation } from "../cluster.ts";
import type { AnnouncedTank, ServerRecord } from "../server-record.ts";
import type { Registry } from "./registry.ts";
import type { Entry } from "./registry-entry.ts";
import { findTank, type Naming } from "./tank-names.ts";

/** What this node sees differently from the one that told it of a server. */
export interface Viewpoint {
  readonly selfId: string;
  /** Our own record, as fresh as it gets. */
  readonly self: () => ServerRecord;
  readonly ownTanks: () => readonly AnnouncedTank[];
  readonly hub: string | undefined;
  /** Backends through which we have found it ourselves. */
  readonly discoveredBy: (nodeId: string) => readonly string[];
  readonly rttMs: (nodeId: string) => number | undefined;
  /** Undefined where we have not tried ourselves. */
  readonly reachable: (nodeId: string) => boolean | undefined;
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

  /** Hub first, then by server_id. */
  servers(filter: ServerFilter = {}): readonly ServerRecord[] {
    const view = this.#viewpoint();
    return this.#registry
      .entries()
      .map((entry) => show(entry, view))
      .filter((record) => passes(record, filter))
      .sort(
        (a, b) =>
          Number(b.role === "hub") - Number(a.role === "hub") ||
          compareText(a.server_id, b.server_id),
      );
  }

  server(id: string): ServerRecord | undefined {
    const entry = this.#registry.find(id);
    return entry && show(entry, this.#viewpoint());
  }

  tanksOf(nodeId: string): readonly AnnouncedTank[] {
    const view = this.#viewpoint();
    return nodeId === view.selfId ? view.ownTanks() : (this.#registry.get(nodeId)?.tanks ?? []);
  }

  /** The tank that a text means here. @throws Problem, see {@link findTank} */
  locate(wanted: string): TankLocation | undefined {
    return findTank(wanted, this.#locations(), this.#naming);
  }

  /** Every tank that is called so. */
  called(name: string): readonly TankLocation[] {
    return this.#locations().filter(({ tank }) => tank.name === name);
  }

  #locations(): readonly TankLocation[] {
    const view = this.#viewpoint();
    return this.#registry.entries().flatMap((entry) => {
      const node_id = entry.record.node_id;
      if (node_id === null) return [];
      const is_local = node_id === view.selfId;
      const tanks = is_local ? view.ownTanks() : entry.tanks;
      const { server_id } = entry.record;
      return tanks.map((tank) => ({ node_id, server_id, tank, is_local }));
    });
  }
}

/** Only the hub that we follow is shown as one: so no answer ever has two. */
function show(entry: Entry, view: Viewpoint): ServerRecord {
  const isSelf = entry.key === view.selfId;
  const role = entry.key === view.hub ? "hub" : "worker";
  if (isSelf) {
    const own = view.self();
    return { ...own, server_id: entry.record.server_id, role: view.hub ? role : "discovering" };
  }
  const discoveredBy = view.discoveredBy(entry.key);
  return {
    ...entry.record,
    discovered_by: discoveredBy.length > 0 ? [...discoveredBy] : entry.record.discovered_by,
    status: entry.status === "online" && entry.record.status_reason ? "degraded" : entry.status,
    role,
    is_local: false,
    rtt_ms: view.rttMs(entry.key) ?? entry.record.rtt_ms,
    reachable: view.reachable(entry.key) ?? entry.record.reachable,
  };
}

function passes(record: ServerRecord, filter: ServerFilter): boolean {
  return (
    (filter.status === undefined || record.status === filter.status) &&
    (filter.tag === undefined || record.tags.includes(filter.tag)) &&
    (filter.capability === undefined || record.capabilities.includes(filter.capability)) &&
    (filter.region === undefined || record.region === filter.region)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
