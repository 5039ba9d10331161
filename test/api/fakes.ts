import type { ApiContext } from "../../src/api/context.ts";
import { viewRecovery } from "../../src/api/recovery-view.ts";
import type { AuditResult } from "../../src/audit/audit.ts";
import type { Order } from "../../src/cluster/admission/orders.ts";
import type { Alias, Cluster, ClusterView, TankLocation } from "../../src/cluster/cluster.ts";
import { createVerifier } from "../../src/cluster/identity/signature.ts";
import type { PeerReply, PeerRoute } from "../../src/cluster/peer-route.ts";
import { Placement } from "../../src/cluster/placement/placement.ts";
import type { ServerRecord } from "../../src/cluster/server-record.ts";
import { Passage } from "../../src/cluster/tunnel/passage.ts";
import type { HandTransfer } from "../../src/migration/by-hand.ts";
import { TERMS_DEFAULT, withTerms } from "../../src/migration/connections/terms.ts";
import type {
  ConnectionView,
  Migration,
  MovedTank,
  MoveView,
  TankWhereabouts,
  TransferView,
} from "../../src/migration/migration.ts";
import type { DrainView } from "../../src/migration/relocation/drain.ts";
import { Problem } from "../../src/platform/errors.ts";
import type { Command } from "../../src/sim/types.ts";
import type { RecoveryReport } from "../../src/tanks/recovery-report.ts";
import { createReplayService, type ReplayService } from "../../src/tanks/replay/replay-service.ts";
import { freeName } from "../../src/tanks/tank-names.ts";
import type { Frame, Tanks } from "../../src/tanks/tanks.ts";
import type { LogFields } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { NO_POSITIONS } from "../support/simulated/no-positions.ts";
import { NO_RELAYS, NO_SOCKETS, NO_TUNNELS } from "../support/simulated/no-relays.ts";
import { EPOCH_MS, fakeFish, fakeProfile, fakeServer, fakeTank, NODE_ID } from "./fake-records.ts";

export const TOKEN = "test-control-token";

const DRAINING: DrainView = {
  state: "draining",
  to_server_id: null,
  started_at: new Date(EPOCH_MS).toISOString(),
  tanks_left: 2,
  moving: "Reef",
  moved: [],
  waiting: null,
};

/** A node with two tanks, one neighbour and no network; what it was asked to do is written down. */
export class FakeNode {
  readonly commands: { tankId: string; command: Command }[] = [];
  /** Lines of level info, and those of level error. */
  readonly noted: { event: string; fields: LogFields | undefined }[] = [];
  readonly logged: { event: string; fields: LogFields | undefined }[] = [];
  readonly listeners = new Map<string, (frame: Frame) => void>();
  readonly hosted = new Map([
    ["tank-1", fakeTank("tank-1", "Reef")],
    ["tank-2", fakeTank("tank-2", "Pond")],
  ]);
  readonly created: string[] = [];
  replay: ReplayService = createReplayService({
    spawnReplay: () => {
      throw new Error("not part of the fake");
    },
    timers: { after: () => () => {} },
    clock: { wallMs: () => EPOCH_MS },
    log: { debug() {}, info() {}, warn() {}, error() {} },
    version: "0.1.0",
  });
  /** Whether each audit had to be a fresh one. */
  readonly audits: boolean[] = [];
  audited: AuditResult = {
    ok: true,
    complete: true,
    missing: [],
    double: [],
    in_escrow: 1,
    alive: 4,
    unreachable: [],
    unsettled: [],
    notes: [],
    nodes: 2,
    tanks: 2,
    pairs: 1,
    at: new Date(EPOCH_MS).toISOString(),
    duration_ms: 12,
  };
  /** Moves that were asked for, and what becomes of one: undefined where it takes long. */
  readonly moves: string[] = [];
  moveResult: MovedTank | undefined;
  moveViews: MoveView[] = [];
  readonly movedAway = new Map<string, TankWhereabouts>();
  readonly lastPlaces = new Map<string, TankLocation>();
  draining: DrainView | undefined;
  readonly openEscrow = new Set<string>();
  /** Transfers by hand, and what becomes of one. */
  readonly sent: HandTransfer[] = [];
  outcome: Partial<TransferView> = {};
  readonly aliases = new Map<string, Alias>();
  /** The hubs that it was told to join, and `left`. */
  readonly joined: string[] = [];
  peerRoutes: PeerRoute[] = [];
  phase: "recovering" | "healthy" | "stopping" = "healthy";
  recovery: RecoveryReport = { total: 0, tanks: [], durationMs: 0 };
  storageFault: string | undefined;
  fenced: Problem | undefined;
  backends: ClusterView["backends"] = [];
  alone: ClusterView["alone"];
  lease: ClusterView["lease"];
  /** How the other server is. */
  neighbour: ServerRecord["status"] = "online";
  neighbourId = "node-b";
  neighbourReachable = true;
  neighbourMore: Partial<ServerRecord> = {};
  role: "hub" | "worker" | "discovering" = "hub";
  nowMs = 0;
  /** What the host of the tank elsewhere answers. */
  read: Cluster["read"] = async () => ({ status: 200, body: {} });
  /** Whether it has a cluster secret, and what it orders other nodes to do. */
  mayOrder = false;
  readonly ordered: { nodeId: string; order: Order }[] = [];
  obey: (order: Order) => Promise<PeerReply> = async () => ({ status: 200, body: {} });
  /** The ways to other nodes. */
  tunnels = NO_TUNNELS;
  relays = NO_RELAYS;
  sockets = NO_SOCKETS;
  readonly #passage = new Passage({
    clock: { wallMs: () => EPOCH_MS, monotonicMs: () => this.nowMs },
    metrics: noMetrics,
  });

  readonly #clock = { wallMs: () => EPOCH_MS, monotonicMs: () => this.nowMs };

  context(): ApiContext {
    return {
      tanks: this.#tanks(),
      replay: this.replay,
      cluster: this.#cluster(),
      migration: this.#migration(),
      audit: {
        audit: async ({ fresh = false } = {}) => {
          this.audits.push(fresh);
          return this.audited;
        },
        last: undefined,
        note: undefined,
        routes: () => [],
      },
      relocation: {
        move: async (tankId, server) => {
          this.moves.push(`${tankId} to ${server}`);
          if (server === "full") throw new Problem("no_placement", "full is full");
          return this.moveResult;
        },
        drain: {
          start: async (server) => {
            if (server === "full") throw new Problem("no_placement", "Nothing is moved");
            this.draining = { ...DRAINING, to_server_id: server ?? null };
            return this.draining;
          },
          cancel: async () => {
            const was = this.draining !== undefined;
            this.draining = undefined;
            return was;
          },
          view: () => this.draining,
          gaveUp: () => undefined,
          refusal: () =>
            this.draining && new Problem("draining", "This node takes no tanks: it is drained"),
        },
        onMoved: () => () => {},
      },
      clock: this.#clock,
      log: {
        debug() {},
        info: (event, fields) => void this.noted.push({ event, fields }),
        warn() {},
        error: (event, fields) => void this.logged.push({ event, fields }),
      },
      meter: noMetrics,
      version: "0.1.0",
      signChallenge: (challenge) => `signed:${challenge}`,
      publicKey: "key",
      controlToken: TOKEN,
      allowedHosts: ["tanks.example.org", "*.lab.example.org"],
      hostname: "reef.home.arpa",
      phase: () => this.phase,
      recovery: () => viewRecovery(this.recovery, 0),
      settings: () => ({ node_id: NODE_ID, server_id: "node-a-label", settings: [], faults: [] }),
      metrics: () => "tankd_tanks 2\n",
    };
  }

  #tanks(): Tanks {
    const node = this;
    return {
      create: async (spec) => {
        if (node.storageFault !== undefined) {
          throw new Problem("storage_unavailable", node.storageFault);
        }
        const id = `tank-${node.hosted.size + 1}`;
        const tank = fakeTank(id, spec.name);
        node.created.push(spec.name);
        node.hosted.set(id, { ...tank, row: { ...tank.row, ...spec } });
        return node.hosted.get(id) ?? tank;
      },
      adopt: async (fork) => {
        const id = `tank-${node.hosted.size + 1}`;
        const { name, description, seed, fish } = await fork("00000000000000f0");
        const taken = new Set([...node.hosted.values()].map((one) => one.row.name));
        const tank = fakeTank(id, freeName(name, taken));
        const row = { ...tank.row, description, seed, fish, origin: "forked" } as const;
        node.hosted.set(id, { ...tank, row });
        return node.hosted.get(id) ?? tank;
      },
      remove: async (tankId) => void node.hosted.delete(tankId),
      fence: () => {},
      fenceReason: undefined,
      list: () => [...node.hosted.values()],
      get: (tankId) => node.hosted.get(tankId),
      submit: async (tankId, command) => {
        node.commands.push({ tankId, command });
        const full = command.kind === "spawn" && command.fish > 5000;
        const outcome = full
          ? ({ kind: "rejected", reason: "tank_full", detail: "no room" } as const)
          : ({ kind: "done" } as const);
        return { outcome, seq: 8, tick: 1201, epoch: 1 };
      },
      fish: async (tankId) => [fakeFish(`${tankId}-fish-1`), fakeFish(`${tankId}-fish-2`)],
      fishProfile: async (tankId, fishId) =>
        fishId.startsWith(`${tankId}-fish-`) ? fakeProfile(fishId) : undefined,
      census: async (tankId) => {
        const { row, seq, stats } = node.hosted.get(tankId) ?? fakeTank(tankId, "");
        const { alive, tick, ledger } = stats;
        const fish_ids = [`${tankId}-fish-1`, `${tankId}-fish-2`];
        return { epoch: row.epoch, seq, tick, alive, ledger, fish_ids, hops: [0, 0] };
      },
      pickMigrants: async () => [],
      watch: (tankId, listener) => {
        if (!node.hosted.has(tankId)) throw new Problem("unknown_tank", "gone");
        node.listeners.set(tankId, listener);
        return () => void node.listeners.delete(tankId);
      },
      get storageFault() {
        return node.storageFault;
      },
    };
  }

  #cluster(): Cluster {
    const self = fakeServer(NODE_ID);
    const neighbour = fakeServer("node-b", {
      node_id: this.neighbourId,
      reachable: this.neighbourReachable,
      api_url: "http://10.0.0.2:8000",
      host: "10.0.0.2",
    });
    const list = () => [self, { ...neighbour, status: this.neighbour, ...this.neighbourMore }];
    const servers = [self, neighbour];
    const far = { tank_id: "far-tank", name: "Far", epoch: 1 };
    const find = (id: string) =>
      servers.find(({ server_id, node_id }) => server_id === id || node_id === id);
    const node = this;
    const tanksOf = (nodeId: string) =>
      nodeId === this.neighbourId
        ? [far]
        : [...this.hosted.values()].map(({ row }) => ({
            tank_id: row.tank_id,
            name: row.name,
            epoch: row.epoch,
          }));
    const placement = new Placement({
      nodeId: NODE_ID,
      clock: this.#clock,
      servers: list,
      tanksOf,
      mayOrder: () => node.mayOrder,
    });
    return {
      placement,
      nodeId: NODE_ID,
      verifier: createVerifier(NODE_ID, this.#clock),
      serverId: self.server_id,
      get role() {
        return node.role;
      },
      knows: () => true,
      recall: async () => {},
      start: async () => {},
      stop: async () => {},
      decided: Promise.resolve(),
      tunnels: this.tunnels,
      relays: this.relays,
      sockets: this.sockets,
      passage: this.#passage,
      serveWith: () => {},
      obeyWith: () => {},
      orders: {
        mayGive: node.mayOrder,
        give: (nodeId, order) => {
          node.ordered.push({ nodeId, order });
          return node.obey(order);
        },
        refusal: (label, url) =>
          new Problem("not_trusted", `--secret-file; ask ${url} of ${label}`),
      },
      get positions() {
        return { ...NO_POSITIONS, fenced: node.fenced };
      },
      view: () => ({
        cluster: "tankd",
        role: this.role,
        hub: self,
        term: { counter: 1, node_id: NODE_ID },
        roleReason: undefined,
        lease: this.lease,
        backends: this.backends,
        alone: this.alone,
      }),
      self: () => self,
      examine: async () => ({
        addresses: [{ host: "10.0.0.1", port: 8000 }],
        peers: [],
        left_out: 0,
      }),
      servers: list,
      server: find,
      tanksOf,
      locate: (tank) => {
        if (tank === "far-tank") {
          const place = { node_id: this.neighbourId, server_id: "node-b-label" };
          return { ...place, tank: far, is_local: false };
        }
        const row = this.hosted.get(tank)?.row;
        if (row === undefined) return undefined;
        const { tank_id, name, epoch } = row;
        const announced = { tank_id, name, epoch };
        return { node_id: NODE_ID, server_id: self.server_id, tank: announced, is_local: true };
      },
      lastPlace: (tank) => node.lastPlaces.get(tank),
      aliases: {
        list: () => [...node.aliases.values()],
        give: async (alias, tank) => {
          if (tank !== "far-tank") throw new Problem("unknown_tank", `No node has a tank ${tank}`);
          const made = { alias, node_id: "node-b", server_id: "node-b-label", tank_id: tank };
          node.aliases.set(alias, made);
          return made;
        },
        remove: async (alias) => {
          if (!node.aliases.delete(alias)) throw new Problem("unknown_alias", "no such alias");
        },
      },
      join: async ({ host, port }) => {
        node.joined.push(`${host}:${port}`);
        const met = host === "hub.corp.example";
        return { met, detail: met ? "Met hub" : "connection refused" };
      },
      leave: async () => void node.joined.push("left"),
      call: async () => ({ status: 200, body: {} }),
      read: (nodeId, path) => this.read(nodeId, path),
      routes: () => this.peerRoutes,
      onChange: () => () => {},
    };
  }

  #migration(): Migration {
    const transfer = {
      transfer_id: "ab".repeat(16),
      direction: "out",
      state: "delivered",
      entity_type: "fish",
      entity_id: "0123456789abcdef-1",
      source_tank_id: "tank-1",
      source_node_id: NODE_ID,
      source_server_id: "node-a-label",
      destination_tank_id: "far-tank",
      destination_node_id: "node-b",
      destination_server_id: "node-b-label",
      sequence: 1,
      attempts: 1,
      reason: null,
      created_at: new Date(EPOCH_MS).toISOString(),
      updated_at: new Date(EPOCH_MS).toISOString(),
    } as const;
    const pending = { ...transfer, transfer_id: "cd".repeat(16), state: "pending" } as const;
    const connection: ConnectionView = {
      connection_id: "c-1",
      source_tank_id: "tank-1",
      source_server_id: "node-a-label",
      destination_tank_id: "far-tank",
      destination_node_id: "node-b",
      destination_server_id: "node-b-label",
      destinations: [
        {
          tank_id: "far-tank",
          node_id: "node-b",
          server_id: "node-b-label",
          health: "full",
          health_reason: "it had no room for the last fish",
          rtt_ms: 1.5,
          sent: 3,
          delivered: 2,
          returned: 1,
          last_delivered_at: EPOCH_MS,
        },
      ],
      ...TERMS_DEFAULT,
      topology: null,
      origin: "auto",
      created_at: EPOCH_MS,
    };
    return {
      start: async () => {},
      stop: async () => {},
      connections: () => [connection],
      connect: async (spec) => ({
        ...connection,
        connection_id: "c-2",
        origin: "manual",
        source_tank_id: spec.source_tank_id,
        destination_tank_id: spec.destination_tank_id,
        probability: spec.probability ?? connection.probability,
        direction: spec.direction ?? connection.direction,
        ...(spec.destination_tank_id === "far-tank" && { previous: connection }),
      }),
      changeConnection: async (id, terms) => {
        if (id !== "c-1") throw new Problem("unknown_connection", `There is no connection ${id}`);
        return withTerms(connection, terms);
      },
      arrange: async ({ name, tanks }) => ({
        connections: [{ ...connection, topology: name }],
        elsewhere: tanks.slice(1).map(({ tank_id }) => ({ tank_id, server_id: "node-b-label" })),
      }),
      removeTopology: async (name) => {
        if (name !== "ring") throw new Problem("unknown_connection", `no topology ${name}`);
        return [{ ...connection, topology: name }];
      },
      disconnect: async (id) => {
        if (id !== "c-1") throw new Problem("unknown_connection", `There is no connection ${id}`);
      },
      transfers: async ({ limit, state }) =>
        [transfer, pending]
          .filter((row) => state === undefined || row.state === state)
          .slice(0, limit),
      transfer: async (id) => {
        if (id !== transfer.transfer_id) throw new Problem("unknown_transfer", "no such transfer");
        const at = new Date(EPOCH_MS).toISOString();
        return { ...transfer, events: [{ transfer_id: id, at, event: "committed", detail: "" }] };
      },
      removeTank: async (tankId) => {
        if (this.openEscrow.has(tankId)) throw new Problem("escrow_open", "fish are on their way");
        await this.#tanks().remove(tankId);
      },
      moveTank: async () => {
        throw new Problem("not_ready", "not part of the fake");
      },
      moves: () => this.moveViews,
      movedTo: (tankId) => this.movedAway.get(tankId),
      byHand: {
        send: async (order) => {
          this.sent.push(order);
          if (order.entity_id === "nobody") throw new Problem("unknown_fish", "no such fish");
          return { ...transfer, ...this.outcome, events: [] };
        },
        resolve: async (transfer_id, decision) => {
          if (transfer_id !== pending.transfer_id)
            throw new Problem("conflict", "It is delivered.");
          return {
            ...pending,
            state: decision === "restore" ? "returned" : "delivered",
            events: [],
          };
        },
      },
      escrowCount: this.openEscrow.size,
      routes: () => [],
    };
  }
}
