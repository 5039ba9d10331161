import type { Cluster } from "../cluster/cluster.ts";
import { hasRights } from "../cluster/rights.ts";
import type { ServerRecord } from "../cluster/server-record.ts";
import { messageOf } from "../platform/errors.ts";
import { KeyedSemaphore } from "../platform/mutex.ts";
import { NetworkError } from "../platform/network.ts";
import type { Unreachable } from "./audit.ts";
import { Homes } from "./homes.ts";
import type { Inquiry } from "./inquiry.ts";
import type { Pair } from "./pairs.ts";
import type { Statement } from "./statement.ts";
import type { Looks, Place } from "./suspects.ts";

/** `own`: the tanks of this node, and the pairs that they are in. */
export type Scope = "cluster" | "own";

/** What nodes have stated, by their ids. */
export type Statements = ReadonlyMap<string, Statement>;

/** Moves that are followed from who had a tank to who has it. */
const PARTNER_ROUNDS_MAX = 4;
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
  async begin(): Promise<Statements> {
    const said = await (this.#scope === "own" ? this.#askPartners() : this.#askMembers());
    return addressed(said, new Homes(said));
  }

  /** The counts of the ends of these pairs, later. */
  async again(pairs: readonly Pair[]): Promise<Statements> {
    let said: Statements = new Map();
    // A tank may have moved meanwhile, which is told by who had it.
    for (let round = 0; round < PARTNER_ROUNDS_MAX; round++) {
      const homes = new Homes(said);
      const ends = new Set(
        pairs.flatMap((pair) => [
          ...[pair.source_node_id, homes.of(pair.source_tank_id, pair.source_node_id)],
          ...[
            pair.destination_node_id,
            homes.of(pair.destination_tank_id, pair.destination_node_id),
          ],
        ]),
      );
      const next = [...ends].filter((nodeId) => !said.has(nodeId) && !this.isNamed(nodeId));
      if (next.length === 0) break;
      said = new Map([...said, ...(await this.#ask(next, "counts"))]);
    }
    return addressed(said, new Homes(said));
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
    const looks = await this.#each(known, (nodeId) => {
      const { ids, places } = wanted.get(nodeId) ?? { ids: [], places: false };
      return this.#inquiry.look(nodeId, [...ids], places);
    });
    return addressed(looks, new Homes(statements));
  }

  /** The statements of all members that answer. */
  async #askMembers(): Promise<Statements> {
    return this.#ask(this.#reachable(this.#members()), "everything");
  }

  /** This node's own statement, and the counts of the members that it exchanges fish with. */
  async #askPartners(): Promise<Statements> {
    const { nodeId } = this.#cluster;
    let statements = await this.#ask([nodeId], "everything");
    const asked = new Set([nodeId]);
    // A tank of theirs may have moved, which is told by who had it.
    for (let round = 0; round < PARTNER_ROUNDS_MAX; round++) {
      const partners = this.#partnersIn(statements).difference(asked);
      const known = this.#members().filter(({ node_id }) => partners.has(node_id ?? ""));
      if (known.length === 0) break;
      for (const { node_id } of known) if (node_id !== null) asked.add(node_id);
      const said = await this.#ask(this.#reachable(known), "counts");
      statements = new Map([...statements, ...said]);
    }
    return statements;
  }

  /** Nodes that have the other tanks of this node's pairs, or had them. */
  #partnersIn(statements: Statements): ReadonlySet<string> {
    const homes = new Homes(statements);
    const pairs = statements.get(this.#cluster.nodeId)?.pairs ?? [];
    return new Set(
      pairs.flatMap(({ side, node_id, source_tank_id, destination_tank_id }) => {
        const other = side === "out" ? destination_tank_id : source_tank_id;
        const located = this.#cluster.locate(other);
        const named = located?.tank.tank_id === other ? located.node_id : node_id;
        return [named, homes.of(other, named)];
      }),
    );
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

/** The same, with escrows addressed to where their destination tanks are now. */
function addressed<T extends Pick<Statement, "escrow">>(
  said: ReadonlyMap<string, T>,
  homes: Homes,
): ReadonlyMap<string, T> {
  return new Map(
    [...said].map(([nodeId, one]) => {
      const escrow = one.escrow.map((row) => homes.addressed(row));
      return [nodeId, { ...one, escrow }];
    }),
  );
}

function reasonOf(error: unknown): string {
  return error instanceof NetworkError ? `it does not answer: ${error.reason}` : messageOf(error);
}
