import type { Cluster, ServerFilter } from "../cluster/cluster.ts";
import type { PeerReply, PeerRoute } from "../cluster/peer-route.ts";
import type { AutoConnection } from "../cluster/server-record.ts";
import type { Clock } from "../platform/clock.ts";
import { Problem } from "../platform/errors.ts";
import type { Random } from "../platform/random.ts";
import { type Cancel, repeat, type Timers } from "../platform/timers.ts";
import type { Journal } from "../store/journal.ts";
import type { Tanks } from "../tanks/tanks.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type ByHand, createByHand } from "./by-hand.ts";
import { arrange } from "./connections/arrange.ts";
import { Connections } from "./connections/connections.ts";
import type { WhereIs } from "./connections/destinations.ts";
import { Scheduler } from "./connections/scheduler.ts";
import { WatchedSettlement } from "./connections/watched-settlement.ts";
import type {
  ConnectionView,
  GivenTerms,
  MadeConnection,
  MadeTopology,
  Migration,
  MovedTank,
  MoveView,
  NewConnection,
  NewTopology,
  TankWhereabouts,
  TransferQuery,
} from "./migration.ts";
import { TankGates } from "./moves/gates.ts";
import { type MoveDeps, Moves } from "./moves/moves.ts";
import { Owners } from "./moves/owners.ts";
import { PeerTalk } from "./moves/peer-talk.ts";
import { TankSearch } from "./moves/tank-search.ts";
import { type EntityReaders, entityPayloads, type ReplacementRule } from "./payloads/entity.ts";
import { Removal } from "./removal.ts";
import { Courier, type CourierPorts } from "./transfer/courier.ts";
import { Incoming } from "./transfer/incoming.ts";
import { answered, receiveBatch } from "./transfer/incoming-batch.ts";
import { Outgoing } from "./transfer/outgoing.ts";
import {
  ABORT_PATH,
  abortRequestSchema,
  BATCH_PATH,
  batchReplySchema,
  batchRequestSchema,
  decisionSchema,
  TRANSFER_PATH,
  transferRequestSchema,
} from "./transfer/protocol.ts";
import { DEFAULT_QUOTAS, type TransferQuotas } from "./transfer/quotas.ts";
import { logRefusals } from "./transfer/refused-transfers.ts";
import type { StrangerBudget } from "./transfer/strangers.ts";
import { Views } from "./views.ts";

export interface MigrationDeps {
  readonly tanks: Tanks;
  readonly cluster: Cluster;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nodeId: string;
  readonly autoConnect: boolean;
  /** Whom the automatic connection may join. Default: any node. */
  readonly autoConnectTo?: ServerFilter;
  /** Default: `refuse`. */
  readonly replacement?: ReplacementRule;
  /** Default: {@link STRANGER_BUDGET}. */
  readonly strangerBudget?: StrangerBudget;
  /** Default: {@link DEFAULT_QUOTAS}. */
  readonly quotas?: TransferQuotas;
  /** Interval of the draws of connections. */
  readonly checkIntervalMs: number;
  /** Timeout of a request; a later answer counts as no decision. */
  readonly peerTimeoutMs: number;
  /** Immediate retries when no connection was established; default 0. */
  readonly peerRetries?: number;
  /** Default: the world's readers. Tests without a world use records of their own. */
  readonly readers?: EntityReaders;
  /** Without them tanks stay: tests of transfers alone. */
  readonly moves?: MoveDeps;
}

/** {@link Migration} with the figures for the node's own server record. */
export interface CountingMigration extends Migration {
  readonly connectionCount: number;
  readonly autoConnection: AutoConnection;
  /** Whether transfers to that node are open. */
  isEngagedWith(nodeId: string): boolean;
}

/** The migration of one node. A new instance on the same journal continues where the last ended. */
export function createMigration(deps: MigrationDeps): CountingMigration {
  return new MigrationService(deps);
}

class MigrationService implements CountingMigration {
  readonly #deps: MigrationDeps;
  readonly #incoming: Incoming;
  readonly #receive: PeerRoute["handle"];
  readonly #outgoing: Outgoing;
  readonly #connections: Connections;
  readonly #removal: Removal;
  readonly #scheduler: Scheduler;
  readonly #views: Views;
  readonly byHand: ByHand;
  readonly #owners: Owners;
  readonly #search: TankSearch;
  readonly #moves: Moves | undefined;
  readonly #online = new Set<string>();
  #cancels: Cancel[] = [];

  constructor(deps: MigrationDeps) {
    this.#deps = deps;
    const owners = new Owners(deps.nodeId);
    const gates = new TankGates();
    const talk = new PeerTalk(deps.cluster);
    this.#owners = owners;
    const whereIs: WhereIs = (tankId, nodeId) => owners.whereIs(tankId, nodeId);
    this.#connections = new Connections({ ...deps, whereIs });
    const { records } = this.#connections;
    const payloads = entityPayloads(deps.tanks, deps.journal, deps.readers);
    const { quotas = DEFAULT_QUOTAS } = deps;
    this.#incoming = new Incoming({ ...deps, quotas, payloads, gates, owners });
    const onFound = (nodeId: string) => this.#outgoing.wake(nodeId);
    this.#search = new TankSearch({ ...deps, owners, talk, onFound });
    this.#receive = logRefusals(deps, this.#incoming.receive);
    const answerLocally: CourierPorts["answerLocally"] = (path, body, replacing) =>
      this.#answerLocally(path, body, replacing);
    this.#outgoing = new Outgoing({
      ...deps,
      quotas,
      owners,
      search: (tankId, nodeId) => void this.#search.search(tankId, nodeId),
      courier: new Courier({
        peerRetries: 0,
        ...deps,
        answerLocally,
        owners,
        asksToReplace: (row) => this.#connections.asksToReplace(row.connection_id),
      }),
      payloads,
      settlement: new WatchedSettlement({ ...deps, payloads }, (row) => records.noteDelivered(row)),
      isFenced: () => deps.cluster.positions.fenced !== undefined,
      onReturned: (row) => records.noteReturned(row),
    });
    this.#moves =
      deps.moves &&
      new Moves({
        ...deps,
        ...deps.moves,
        outgoing: this.#outgoing,
        connections: this.#connections,
        ...{ owners, gates, talk },
      });
    this.#removal = new Removal({ ...deps, outgoing: this.#outgoing });
    this.#scheduler = new Scheduler({
      ...deps,
      connections: this.#connections,
      outgoing: this.#outgoing,
    });
    this.#views = new Views({ ...deps, records, live: (id) => this.#outgoing.live(id) });
    this.byHand = createByHand({
      ...deps,
      outgoing: this.#outgoing,
      row: (id) => deps.journal.outboxRow(id),
      view: (id) => this.#views.transfer(id),
    });
  }

  async start(): Promise<void> {
    const { cluster, timers, checkIntervalMs } = this.#deps;
    // First: until it is known which tanks have left, are leaving or arrive, nothing is decided.
    await this.#moves?.recall();
    await this.#owners.load(this.#deps.journal);
    await this.#connections.load();
    await this.#outgoing.resume();
    this.#moves?.resume();
    this.#cancels = [
      cluster.onChange(() => this.#onClusterChange()),
      repeat(timers, checkIntervalMs, () => this.#check()),
    ];
    this.#onClusterChange();
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    this.#moves?.stop();
    await this.#outgoing.stop();
  }

  connections(): readonly ConnectionView[] {
    return this.#connections.list().map((row) => this.#views.connection(row));
  }

  async connect(spec: NewConnection): Promise<MadeConnection> {
    this.#refuseFenced();
    const { row, previous } = await this.#connections.connect(spec);
    const view = this.#views.connection(row);
    return previous ? { ...view, previous: this.#views.connection(previous) } : view;
  }

  async changeConnection(connectionId: string, terms: GivenTerms): Promise<ConnectionView> {
    this.#refuseFenced();
    return this.#views.connection(await this.#connections.change(connectionId, terms));
  }

  async disconnect(connectionId: string): Promise<void> {
    this.#refuseFenced();
    return this.#connections.disconnect(connectionId);
  }

  async arrange(spec: NewTopology): Promise<MadeTopology> {
    this.#refuseFenced();
    const { rows, elsewhere } = await arrange(this.#deps, this.#connections, spec);
    return {
      connections: rows.map((row) => this.#views.connection(row)),
      elsewhere: elsewhere.map((tank) => this.#views.place(tank)),
    };
  }

  async removeTopology(name: string): Promise<readonly ConnectionView[]> {
    this.#refuseFenced();
    const rows = await this.#connections.removeTopology(name);
    return rows.map((row) => this.#views.connection(row));
  }

  transfers(query: TransferQuery): ReturnType<Migration["transfers"]> {
    return this.#views.transfers(query);
  }

  transfer(transferId: string): ReturnType<Migration["transfer"]> {
    return this.#views.transfer(transferId);
  }

  async removeTank(tankId: string): Promise<void> {
    if (this.#moves?.isMoving(tankId)) {
      throw new Problem("tank_moving", "The tank is moving; remove it where it arrives.");
    }
    return this.#removal.remove(tankId);
  }

  async moveTank(tankId: string, nodeId: string): Promise<MovedTank> {
    if (!this.#moves) throw new Problem("not_ready", "Tanks of this node stay.");
    return this.#moves.moveTank(tankId, nodeId);
  }

  moves(): readonly MoveView[] {
    return this.#moves?.views() ?? [];
  }

  movedTo(tankId: string): TankWhereabouts | undefined {
    const departed = this.#owners.departed(tankId);
    return departed && { node_id: departed.nodeId, epoch: departed.epoch };
  }

  get autoConnection(): AutoConnection {
    return this.#connections.auto;
  }

  get connectionCount(): number {
    return this.#connections.list().length;
  }

  get escrowCount(): number {
    return this.#outgoing.escrowCount;
  }

  isEngagedWith(nodeId: string): boolean {
    return this.#outgoing.hasOpenTo(nodeId);
  }

  routes(): readonly PeerRoute[] {
    return [
      {
        method: "POST",
        path: TRANSFER_PATH,
        summary: "Offers a fish to a tank of this node; the answer is final",
        request: transferRequestSchema,
        response: decisionSchema,
        handle: this.#receive,
      },
      {
        method: "POST",
        path: BATCH_PATH,
        summary: "Offers several fish at once; each has its own answer, which is final",
        request: batchRequestSchema,
        response: batchReplySchema,
        handle: receiveBatch(this.#receive, {
          statement: () => this.#deps.cluster.positions.statement(),
          log: this.#deps.log,
        }),
      },
      {
        method: "POST",
        path: ABORT_PATH,
        summary: "Asks never to accept a transfer; answers the decision, or aborts it for good",
        request: abortRequestSchema,
        response: decisionSchema,
        handle: this.#incoming.abort,
      },
      ...(this.#moves?.routes() ?? []),
    ];
  }

  /** Also called at each draw, since tanks change without an event of the cluster. */
  async #check(): Promise<void> {
    const { cluster, clock } = this.#deps;
    if (cluster.positions.fenced) return;
    await this.#connections.follow();
    this.#seekDestinations();
    if (cluster.positions.clearedForExport(clock.monotonicMs())) await this.#scheduler.draw();
  }

  #onClusterChange(): void {
    const online = this.#deps.cluster
      .servers({ status: "online" })
      .flatMap((server) => server.node_id ?? []);
    for (const nodeId of online) if (!this.#online.has(nodeId)) this.#outgoing.wake(nodeId);
    this.#online.clear();
    for (const nodeId of online) this.#online.add(nodeId);
    if (!this.#deps.cluster.positions.fenced) void this.#connections.follow();
  }

  /** Looks for destinations that the directory has elsewhere, as after a node has left for good. */
  #seekDestinations(): void {
    for (const { tankId, nodeId } of this.#connections.strays()) {
      void this.#search.search(tankId, nodeId);
    }
  }

  #refuseFenced(): void {
    const { fenced } = this.#deps.cluster.positions;
    if (fenced) throw fenced;
  }

  /** Handles a transfer between two tanks of this node by the same handlers as a peer's. */
  async #answerLocally(
    path: string,
    body: unknown,
    replacing: string | undefined,
  ): Promise<PeerReply> {
    const { nodeId, log } = this.#deps;
    const request = {
      params: {},
      query: replacing === undefined ? {} : { replacing },
      body,
      signer: nodeId,
      signerKey: undefined,
      controlled: false,
      remoteAddress: "",
    };
    if (path === TRANSFER_PATH) return answered(this.#incoming.receive, request, log);
    const transfer_id = path.split("/")[3] ?? "";
    return answered(this.#incoming.abort, { ...request, params: { transfer_id } }, log);
  }
}
