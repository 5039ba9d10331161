import { z } from "zod";
import { sourceKey } from "../../discovery/addresses.ts";
import type { Address, BackendStatus } from "../../discovery/backend.ts";
import { REMEMBERED, type RememberedNode } from "../../discovery/remembered-backend.ts";
import { messageOf } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Cancel } from "../../platform/timers.ts";
import type { Journal } from "../../store/journal.ts";
import type { ClusterDeps } from "../deps.ts";
import type { Peer } from "./peer.ts";
import type { PeerTable } from "./peer-table.ts";

export interface PeerMemoryDeps {
  readonly deps: Pick<ClusterDeps, "timers" | "log" | "settings"> & {
    readonly journal: Pick<Journal, "meta" | "commit">;
  };
  readonly table: PeerTable;
  /** The hub of this node. */
  readonly hub: () => string | undefined;
}

const META_KEY = "cluster.remembered";
/** After this time a node has met the ones that it needs. */
const FIRST_LOOK_MS = 5_000;
/** The set of known nodes changes rarely, and each change is a commit. */
const LOOK_MS = 60_000;

const keptSchema = z.object({
  /** Nodes of another cluster are of no use here. */
  cluster: z.string(),
  nodes: z
    .array(
      z.object({
        nodeId: z.string().min(1).max(LIMITS.nameCharactersMax),
        addresses: z
          .array(z.object({ host: z.string().max(255), port: z.int().min(1).max(65_535) }))
          .min(1)
          .max(LIMITS.addressesPerServerMax),
      }),
    )
    .max(LIMITS.rememberedNodesMax),
});

/** The nodes that earlier runs have met; none if that cannot be read. */
export async function recallPeers(
  journal: Pick<Journal, "meta">,
  cluster: string,
): Promise<readonly RememberedNode[]> {
  const text = await journal.meta(META_KEY);
  if (text === undefined) return [];
  try {
    const kept = keptSchema.safeParse(JSON.parse(text)).data;
    return kept?.cluster === cluster ? kept.nodes : [];
  } catch {
    return [];
  }
}

/**
 * Stores in the journal where other nodes have answered, for the next start: the hub first, then
 * those known longest, so that no number of newcomers displaces them. Never fatal.
 */
export class PeerMemory {
  readonly #with: PeerMemoryDeps;
  /** Ids of nodes that earlier runs have met. */
  #recalled: readonly string[] = [];
  #nodes: readonly RememberedNode[] = [];
  #written = "";
  #cancel: Cancel = () => {};

  constructor(withDeps: PeerMemoryDeps) {
    this.#with = withDeps;
  }

  async start(): Promise<void> {
    const { journal, settings } = this.#with.deps;
    this.#nodes = await recallPeers(journal, settings.cluster);
    this.#written = this.#text();
    this.#recalled = this.#nodes.map(({ nodeId }) => nodeId);
    this.#schedule(FIRST_LOOK_MS);
  }

  /** Stores the current set. */
  async stop(): Promise<void> {
    this.#cancel();
    await this.#look();
  }

  /** Deletes everything. */
  async forget(): Promise<void> {
    this.#nodes = [];
    this.#recalled = [];
    await this.#write();
  }

  /**
   * The statuses of all backends; that of this one says how many of the remembered nodes answer.
   */
  explain(statuses: readonly BackendStatus[]): readonly BackendStatus[] {
    const { table } = this.#with;
    const count = this.#recalled.length;
    const met = this.#recalled.filter((id) => table.get(id)?.confirmedMs !== undefined).length;
    const nodes = count === 1 ? "1 node" : `${count} nodes`;
    const detail =
      count === 0 ? "nobody is remembered yet" : `${nodes} of earlier runs, ${met} answered`;
    return statuses.map((one) =>
      one.name === REMEMBERED && one.state === "running" ? { ...one, detail } : one,
    );
  }

  #schedule(delayMs: number): void {
    this.#cancel = this.#with.deps.timers.after(delayMs, () => {
      this.#schedule(LOOK_MS);
      void this.#look();
    });
  }

  async #look(): Promise<void> {
    const met = this.#met();
    const ids = new Set(met.map(({ nodeId }) => nodeId));
    const before = this.#nodes.filter(({ nodeId }) => !ids.has(nodeId));
    this.#nodes = bounded([...met, ...before]);
    await this.#write();
  }

  #met(): readonly RememberedNode[] {
    const hub = this.#with.hub();
    return [...this.#with.table.all()]
      .filter(({ isMember, confirmedMs }) => isMember && confirmedMs !== undefined)
      .sort((a, b) => rankOf(a, hub) - rankOf(b, hub))
      .map((peer) => ({ nodeId: peer.id, addresses: answeredAt(peer) }))
      .filter(({ addresses }) => addresses.length > 0);
  }

  async #write(): Promise<void> {
    const { journal, log } = this.#with.deps;
    const value = this.#text();
    if (value === this.#written) return;
    try {
      await journal.commit([{ put: "meta", key: META_KEY, value }]);
      this.#written = value;
    } catch (error) {
      log.debug("the known nodes cannot be stored", { reason: messageOf(error) });
    }
  }

  #text(): string {
    const { cluster } = this.#with.deps.settings;
    return JSON.stringify({ cluster, nodes: this.#nodes });
  }
}

/** Smaller comes first. */
function rankOf({ id, confirmedMs = 0 }: Peer, hub: string | undefined): number {
  return id === hub ? Number.NEGATIVE_INFINITY : confirmedMs;
}

/** The IP that was connected to: by the next start a name may refer to another machine. */
function answeredAt({ addresses }: Peer): readonly Address[] {
  return addresses
    .filter(({ workedMs }) => workedMs !== undefined)
    .map(({ host, port, connectTo = host }) => ({ host: connectTo, port }));
}

/** Bounded, with few per machine, so that its keys do not fill the memory. */
function bounded(nodes: readonly RememberedNode[]): readonly RememberedNode[] {
  const perMachine = new Map<string, number>();
  return nodes
    .filter(({ addresses: [first] }) => {
      const machine = sourceKey(first?.host ?? "");
      const count = (perMachine.get(machine) ?? 0) + 1;
      perMachine.set(machine, count);
      return count <= LIMITS.rememberedPerMachineMax;
    })
    .slice(0, LIMITS.rememberedNodesMax);
}
