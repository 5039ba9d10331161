import type { Cluster } from "../cluster/cluster.ts";
import { hasRights } from "../cluster/rights.ts";
import type { ServerRecord } from "../cluster/server-record.ts";
import { messageOf } from "../platform/errors.ts";
import { KeyedSemaphore } from "../platform/mutex.ts";
import { NetworkError } from "../platform/network.ts";
import type { Unreachable } from "./audit.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Statement } from "./statement.ts";
import type { Looks, Place } from "./suspects.ts";

/** `own`: the tanks of this node, and the pairs that they are in. */
export type Scope = "cluster" | "own";

/** What nodes have stated, by their ids. */
export type Statements = ReadonlyMap<string, Statement>;

/** Nodes that are asked at once: an answer of a large one has megabytes. */
const NODES_AT_ONCE = 16;

/** Asks the nodes that an audit is about, and notes those that do not answer. */
export class Canvass {
  readonly #cluster: Cluster;
  readonly #inquiry: Inquiry;
  readonly #scope: Scope;
  readonly #atOnce: KeyedSemaphore<undefined>;
  readonly unreachable: Unreachable[] = [];

  constructor(cluster: Cluster, inquiry: Inquiry, scope: Scope) {
    this.#cluster = cluster;
    this.#inquiry = inquiry;
    this.#scope = scope;
    this.#atOnce = new KeyedSemaphore(scope === "own" ? 1 : NODES_AT_ONCE);
  }

  /** The first statements: everything of each node in the scope. */
  begin(): Promise<Statements> {
    return this.#scope === "own" ? this.#askPartners() : this.#askMembers();
  }

  /** The counts of these nodes, later. */
  again(nodeIds: ReadonlySet<string>): Promise<Statements> {
    return this.#ask(nodeIds, "counts");
  }

  isNamed(nodeId: string): boolean {
    return this.unreachable.some(({ node_id }) => node_id === nodeId);
  }

  /**
   * Where the suspects are, and which of the open transfers their destinations have accepted.
   */
  async look(
    statements: Statements,
    suspects: ReadonlyMap<string, readonly Place[]>,
  ): Promise<Looks> {
    const wanted = new Map<string, { ids: Set<string>; places: boolean }>();
    const want = (nodeId: string, id: string, places: boolean) => {
      const one = wanted.get(nodeId) ?? { ids: new Set(), places: false };
      one.ids.add(id);
      wanted.set(nodeId, { ids: one.ids, places: one.places || places });
    };
    for (const { escrow } of statements.values()) {
      for (const row of escrow) want(row.destination_node_id, row.entity_id, false);
    }
    for (const [id, places] of suspects) {
      for (const { node_id, escrow } of places) {
        want(node_id, id, true);
        if (escrow) want(escrow.destination_node_id, id, true);
      }
    }
    const known = [...wanted.keys()].filter((nodeId) => statements.has(nodeId));
    return this.#each(known, (nodeId) => {
      const { ids, places } = wanted.get(nodeId) ?? { ids: [], places: false };
      return this.#inquiry.look(nodeId, [...ids], places);
    });
  }

  /** The statements of all members that answer. */
  async #askMembers(): Promise<Statements> {
    return this.#ask(this.#reachable(this.#members()), "everything");
  }

  /** This node's own statement, and the counts of the members that it exchanges fish with. */
  async #askPartners(): Promise<Statements> {
    const { nodeId } = this.#cluster;
    const own = await this.#ask([nodeId], "everything");
    const pairs = own.get(nodeId)?.pairs ?? [];
    const partners = new Set<string | null>(pairs.map(({ node_id }) => node_id));
    partners.delete(nodeId);
    const known = this.#members().filter(({ node_id }) => partners.has(node_id));
    return new Map([...own, ...(await this.#ask(this.#reachable(known), "counts"))]);
  }

  #members(): readonly ServerRecord[] {
    return this.#cluster.servers().filter(hasRights);
  }

  /** The ids of those that are not known to be offline; the others are named. */
  #reachable(members: readonly ServerRecord[]): readonly string[] {
    const reachable: string[] = [];
    for (const { node_id, server_id, status } of members) {
      if (node_id === null) continue;
      if (status !== "offline") reachable.push(node_id);
      else this.unreachable.push({ node_id, server_id, reason: "it is offline" });
    }
    return reachable;
  }

  async #ask(nodeIds: Iterable<string>, about: "everything" | "counts"): Promise<Statements> {
    return this.#each(nodeIds, (nodeId) => this.#inquiry.statement(nodeId, about));
  }

  /** Asks each node. Those that do not answer are named, and left out. */
  async #each<T>(
    nodeIds: Iterable<string>,
    ask: (nodeId: string) => Promise<T>,
  ): Promise<ReadonlyMap<string, T>> {
    const answers = await Promise.all(
      [...nodeIds].map((nodeId) =>
        this.#atOnce.run(undefined, async (): Promise<[string, T] | undefined> => {
          try {
            return [nodeId, await ask(nodeId)];
          } catch (error) {
            if (!this.isNamed(nodeId)) {
              const server_id = this.#cluster.server(nodeId)?.server_id ?? nodeId;
              this.unreachable.push({ node_id: nodeId, server_id, reason: reasonOf(error) });
            }
            return undefined;
          }
        }),
      ),
    );
    return new Map(answers.filter((answer) => answer !== undefined));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof NetworkError ? `it does not answer: ${error.reason}` : messageOf(error);
}
