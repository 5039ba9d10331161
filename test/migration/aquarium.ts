import type { PeerReply, PeerRequest } from "../../src/cluster/peer-route.ts";
import type { Migration } from "../../src/migration/migration.ts";
import { createMigration } from "../../src/migration/service.ts";
import { replyOf } from "../../src/migration/transfer/courier.ts";
import { Problem } from "../../src/platform/errors.ts";
import type { SimulatedHost } from "../../src/platform/simulated/host.ts";
import type { SimulatedProcess } from "../../src/platform/simulated/process.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { groupCommit } from "../../src/store/group-commit.ts";
import type { Journal } from "../../src/store/journal.ts";
import { MemoryJournal } from "../../src/store/memory/journal.ts";
import type { TankRow } from "../../src/store/rows.ts";
import type { Tanks } from "../../src/tanks/tanks.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";
import { FakeCluster, type FakeServer } from "./fake-cluster.ts";
import { aliveByLog, FakeTanks, readFakeRecord, tankRow } from "./fake-tanks.ts";

const port = 8000;

export interface AquariumOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly fish: number;
  /** Fish that fit into each tank; may change on the way. */
  readonly capacity?: () => number;
  /** Puts something false between each node and its journal. */
  readonly sabotage?: (journal: Journal) => Journal;
  readonly checkIntervalMs?: number;
  /** Default: fake tanks. */
  readonly host?: Hosting;
}

/** Tanks for a node, and how they come back from its journal, or are made at the first boot. */
export type Hosting = (
  station: Station,
  process: SimulatedProcess,
  journal: Journal,
) => { readonly tanks: Tanks; readonly recover: () => Promise<unknown> };

/** What runs between boot and kill. */
interface Run {
  readonly tanks: Tanks;
  readonly migration: Migration;
  readonly cluster: FakeCluster;
}

/** A machine with a journal that outlives every run on it. */
export interface Station {
  readonly nodeId: string;
  /** Known from the start with fake tanks, from {@link Aquarium.named} on with others. */
  tankId: string;
  readonly host: SimulatedHost;
  readonly journal: MemoryJournal;
  run: Run | undefined;
}

/**
 * Nodes with one tank each in a simulated world: the real migration on fake tanks and a fake
 * cluster. Every fish of it can be found by {@link Aquarium.audit}.
 */
export class Aquarium {
  readonly world: SimulatedWorld;
  readonly stations: readonly Station[];
  readonly directory: FakeServer[];
  readonly #options: AquariumOptions;
  /** While set, nobody is picked to travel. */
  calm = false;

  constructor(options: AquariumOptions) {
    this.#options = options;
    this.world = new SimulatedWorld({ seed: options.seed });
    const names = Array.from({ length: options.nodes }, (_, n) => `n${n + 1}`);
    this.directory = names.map((nodeId) => ({ nodeId, tanks: [tankOf(nodeId)] }));
    this.stations = names.map((nodeId) => ({
      nodeId,
      tankId: tankOf(nodeId),
      host: this.world.addHost({ name: nodeId }),
      journal: new MemoryJournal(),
      run: undefined,
    }));
  }

  station(index: number): Station {
    const station = this.stations[index];
    if (!station) throw new Error(`no station ${index}`);
    return station;
  }

  running(index: number): Run {
    const { run } = this.station(index);
    if (!run) throw new Error(`station ${index} does not run`);
    return run;
  }

  async found(): Promise<void> {
    for (const { journal, tankId } of this.#options.host ? [] : this.stations) {
      await journal.commit([{ put: "tank", row: tankRow(tankId, this.#options.fish) }]);
    }
    for (const station of this.stations) this.boot(station);
  }

  /** Starts a node on what its journal holds. It may be killed before it is up. */
  boot(station: Station): void {
    const { sabotage, checkIntervalMs, host } = this.#options;
    const process = station.host.boot();
    const latency = this.world.latency(`disk ${station.nodeId}`, 0, 4);
    const kept = sabotage ? sabotage(station.journal) : station.journal;
    const guarded = process.guard<Journal>("journal", kept, latency);
    const journal = groupCommit(guarded, { ...process, metrics: noMetrics });
    const hosting = host ?? this.#fakeHosting;
    const { tanks, recover } = hosting(station, process, journal);
    const pickMigrants = tanks.pickMigrants.bind(tanks);
    tanks.pickMigrants = async (tankId, wanted) => (this.calm ? [] : pickMigrants(tankId, wanted));
    const cluster = new FakeCluster(station.nodeId, this.directory, (nodeId, path, body) =>
      this.#call(station, nodeId, path, body),
    );
    const migration = createMigration({
      tanks,
      cluster,
      journal,
      clock: process.clock,
      timers: process.timers,
      random: process.random,
      log: silentLog,
      metrics: noMetrics,
      nodeId: station.nodeId,
      autoConnect: true,
      checkIntervalMs: checkIntervalMs ?? 2000,
      peerTimeoutMs: 1000,
      ...(host ? {} : { readers: { fish: readFakeRecord, plant: readFakeRecord } }),
    });
    station.run = { tanks, migration, cluster };
    const up = async () => {
      await recover();
      process.listen(port, async (request) => {
        const reply = await answer(migration, {
          path: request.path,
          body: JSON.parse(request.body ?? "null"),
          signer: request.headers["x-signer"],
        });
        return { status: reply.status, headers: {}, body: JSON.stringify(reply.body) };
      });
      await migration.start();
    };
    up().catch((error) => this.world.fail(error));
  }

  readonly #fakeHosting: Hosting = ({ nodeId }, _process, journal) => {
    const { seed, capacity } = this.#options;
    const draws = this.world.stream(`picks ${nodeId} ${seed}`);
    const draw = () => draws.unit();
    const tanks = new FakeTanks(journal, capacity ? { draw, capacity } : { draw });
    return { tanks, recover: () => tanks.recover() };
  };

  /** The tank of this station has got its id. */
  named(station: Station, tankId: string): void {
    station.tankId = tankId;
    const server = this.directory.find((one) => one.nodeId === station.nodeId);
    if (server) server.tanks = [tankId];
  }

  kill(station: Station): void {
    station.host.kill();
    station.run = undefined;
  }

  async #call(from: Station, nodeId: string, path: string, body: unknown): Promise<PeerReply> {
    const to = this.stations.find((one) => one.nodeId === nodeId);
    const process = from.host.process;
    if (!to || !process) throw new Problem("unknown_server", nodeId);
    const response = await process.network.send({
      method: "POST",
      origin: `http://${to.host.address}:${port}`,
      path,
      headers: { "x-signer": from.nodeId },
      body: JSON.stringify(body),
      timeoutMs: 1000,
      responseBytesMax: 1 << 20,
    });
    return { status: response.status, body: JSON.parse(response.body) };
  }

  /**
   * Boots whoever is down, ends all faults, lets nobody leave, and waits until no fish is in
   * escrow.
   */
  async settle(withinMs = 400_000): Promise<boolean> {
    this.calm = true;
    this.world.hooks = {};
    this.world.network.heal();
    Object.assign(this.world.network.faults, {
      requestLossPercent: 0,
      replyLossPercent: 0,
      duplicatePercent: 0,
      delayMaxMs: 5,
    });
    for (const station of this.stations) if (!station.host.process) this.boot(station);
    const deadline = this.world.nowMs + withinMs;
    while (this.world.nowMs < deadline) {
      await this.world.run(this.world.nowMs + 1000);
      const open = await Promise.all(this.stations.map((one) => one.journal.openOutbox()));
      if (open.every((rows) => rows.length === 0)) return true;
    }
    return false;
  }

  /**
   * Who is lost and who is double, by the journals alone. Empty when every fish is in one place.
   */
  async audit(): Promise<{ missing: string[]; double: string[]; inEscrow: number }> {
    const places = new Map<string, number>();
    const found = (entityId: string) => places.set(entityId, (places.get(entityId) ?? 0) + 1);
    const founders: string[] = [];
    let inEscrow = 0;
    for (const { journal, tankId, nodeId } of this.stations) {
      const row: TankRow = tankRow(tankId, this.#options.fish);
      for (let n = 1; n <= row.fish; n++) founders.push(`${tankId}-${n}`);
      for (const entityId of await aliveByLog(journal, row)) found(entityId);
      for (const open of await journal.openOutbox()) {
        const to = this.stations.find((one) => one.nodeId === open.destination_node_id);
        const decided = await to?.journal.inboxRow(nodeId, open.transfer_id);
        if (decided?.decision === "accepted") continue;
        found(open.entity_id);
        inEscrow++;
      }
    }
    return {
      missing: founders.filter((entityId) => !places.has(entityId)),
      double: [...places].filter(([, count]) => count > 1).map(([entityId]) => entityId),
      inEscrow,
    };
  }
}

export function tankOf(nodeId: string): string {
  return `tank-of-${nodeId}`;
}

/** What the API does for a peer, without a web server. */
export async function answer(
  migration: Migration,
  request: {
    path: string;
    body: unknown;
    signer: string | undefined;
    query?: Readonly<Record<string, string>>;
  },
): Promise<PeerReply> {
  for (const route of migration.routes()) {
    const pattern = new RegExp(`^${route.path.replace(/\{(\w+)\}/, "(?<$1>[^/]+)")}$`);
    const match = pattern.exec(request.path);
    if (!match) continue;
    const peerRequest: PeerRequest = {
      params: match.groups ?? {},
      query: request.query ?? {},
      body: request.body,
      signer: request.signer,
      signerKey: undefined,
      controlled: false,
      remoteAddress: "10.0.0.9",
    };
    try {
      return await route.handle(peerRequest);
    } catch (error) {
      if (error instanceof Problem) return replyOf(error);
      throw error;
    }
  }
  return { status: 404, body: {} };
}
