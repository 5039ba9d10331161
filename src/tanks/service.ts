import { atOnce } from "../platform/at-once.ts";
import type { Clock } from "../platform/clock.ts";
import { messageOf, Problem, type StorageUnavailable } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import { LIMITS } from "../platform/limits.ts";
import { type Random, randomHex, randomInteger } from "../platform/random.ts";
import type { SharedMemory } from "../platform/shared-memory.ts";
import type { Timers } from "../platform/timers.ts";
import { ENGINE_VERSION } from "../sim/index.ts";
import type { Command, FishId, FishProfile, FishView, Migrant } from "../sim/types.ts";
import type { Journal } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { TankExchange } from "./exchange.ts";
import { TankMeters } from "./gauges.ts";
import type { TankHandOver } from "./hand-over.ts";
import { LeftStates } from "./left-states.ts";
import type { RecoveryOptions, RecoveryReport } from "./recovery-report.ts";
import { SimulationSlots } from "./slots/simulation-slots.ts";
import type { ThreadEvents, ThreadSlot } from "./slots/thread-slot.ts";
import { type RetentionRules, retainBy } from "./snapshots/retention.ts";
import { recoverAll, sayLost, sweepSnapshots } from "./start-up.ts";
import { StorageWatch } from "./storage-watch.ts";
import { freeName, renameDuplicates, requireFreeName } from "./tank-names.ts";
import { type SupervisorDeps, TankSupervisor } from "./tank-supervisor.ts";
import type {
  Alongside,
  CommittedCensus,
  ForkedWorld,
  Frame,
  HostedTank,
  MigrantsWanted,
  NewTank,
  Stamped,
  Tanks,
} from "./tanks.ts";
import type { FromSimulation, SimulationThread } from "./thread/simulation.ts";

/** Length of a tank's id, and of the key that the ids of its fish begin with. */
const ID_BYTES = 8;
/**
 * Tanks that are stopped concurrently. Bounds the states in memory, about 80 kB each; enough for
 * the disk to sync some while others are captured.
 */
const FINISHES_AT_ONCE = 32;

export interface TanksDeps extends RetentionRules {
  /** Must batch concurrent commits (group commit): every tank commits by itself. */
  readonly journal: Journal;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Where the simulations keep the states of the tanks; undefined where they use their heaps. */
  readonly sharedMemory?: SharedMemory | undefined;
  readonly spawnSimulation: () => SimulationThread;
  /** Simulation threads. Default 1. */
  readonly threads?: number;
  /** Ticks per second of a new tank; 0 = as fast as it goes. */
  readonly tickRate: number;
  /** Default: the engine's own. */
  readonly engineVersion?: number;
}

/** {@link Tanks} with its lifecycle. */
export interface TankService extends Tanks {
  /** For tanks that move from and to other nodes. */
  readonly exchange: TankHandOver;
  /**
   * Recovers every durable tank. One that cannot be recovered is stopped, with a reason. Rejects
   * with the signal's reason when that aborts it.
   */
  start(options?: RecoveryOptions): Promise<RecoveryReport>;
  /**
   * Ends every tank with a last snapshot, then the threads. Commands are refused from now on. After
   * an aborted recovery, only tanks whose log has grown get a snapshot.
   */
  stop(): Promise<void>;
  /** A write failed or got no answer, which concerns all tanks: see StorageWatch. */
  storageFailed(error: StorageUnavailable): void;
}

export function createTanks(deps: TanksDeps): TankService {
  return new HostingService(deps);
}

class HostingService implements TankService {
  readonly exchange: TankExchange;
  readonly #deps: TanksDeps;
  readonly #supervisorDeps: SupervisorDeps;
  readonly #storage: StorageWatch;
  readonly #slots: SimulationSlots;
  readonly #meters: TankMeters;
  /** Includes tanks that are being created or removed. */
  readonly #supervisors = new Map<string, TankSupervisor>();
  #loads = 0;
  #stopping = false;
  #fenceReason: Problem | undefined;
  #recovered = false;

  constructor(deps: TanksDeps) {
    this.#deps = deps;
    this.#storage = new StorageWatch(deps, () => {
      for (const supervisor of this.#supervisors.values()) void supervisor.revive();
    });
    this.#supervisorDeps = {
      ...deps,
      storage: this.#storage,
      engineVersion: deps.engineVersion ?? ENGINE_VERSION,
      controls: { paused: false, tickRate: deps.tickRate, fastForwardTo: undefined },
      fenceReason: () => this.#fenceReason,
      nextLoad: () => ++this.#loads,
      retain: retainBy(deps, () => this.#supervisors.size),
      leftStates: new LeftStates(deps.sharedMemory),
    };
    this.exchange = new TankExchange({
      ...deps,
      supervisors: this.#supervisors,
      supervisor: (tankId) => this.#supervisor(tankId),
      supervise: (row) => this.#supervise(this.#placed(row), false),
      refuseChanges: () => this.#refuseChanges(),
    });
    this.#slots = this.#makeSlots();
    this.#meters = new TankMeters(deps.metrics, deps.clock, () => this.list());
  }

  get storageFault(): string | undefined {
    return this.#storage.fault;
  }

  storageFailed(error: StorageUnavailable): void {
    this.#storage.failed(error);
  }

  get fenceReason(): Problem | undefined {
    return this.#fenceReason;
  }

  fence(reason: Problem): void {
    if (this.#fenceReason) return;
    this.#fenceReason = reason;
    this.#deps.log.error("tanks frozen", { reason: reason.message, code: reason.code });
    for (const { placement } of this.#supervisors.values()) placement.freeze();
  }

  async start(options: RecoveryOptions = {}): Promise<RecoveryReport> {
    const { clock, journal, log } = this.#deps;
    const startedMs = clock.monotonicMs();
    // A fenced node writes nothing: its directory may be the copy of another node's.
    const rows = await (this.#fenceReason ? journal.tanks() : renameDuplicates({ journal, log }));
    sayLost(log, rows, await journal.watermarks());
    const moves = await journal.moves();
    options.signal?.throwIfAborted();
    const supervisors = rows.map((row) => this.#supervise(row, true));
    this.exchange.hold(moves);
    const report = await recoverAll(supervisors, { clock, log, startedMs }, options);
    this.#recovered = true;
    this.#supervisorDeps.leftStates.removeUnless((tankId) => this.#supervisors.has(tankId));
    void sweepSnapshots(this.#deps, (tankId) => this.#supervisors.has(tankId));
    const { tanks, durationMs } = report;
    log.info("tanks recovered", { tanks: tanks.length, duration_ms: Math.round(durationMs) });
    return report;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#storage.stop();
    const snapshots = this.#recovered ? "always" : "when logged";
    await atOnce(FINISHES_AT_ONCE, [...this.#supervisors.values()], (supervisor) =>
      supervisor.finish(snapshots),
    );
    await this.#slots.stop();
  }

  async create(spec: NewTank): Promise<HostedTank> {
    const { random } = this.#deps;
    this.#refuseMore();
    const { name, description, fish, seed = randomInteger(random, 2 ** 32) } = spec;
    requireFreeName(name, this.#names());
    const row = {
      ...{ name, description, fish, seed },
      tank_id: randomHex(random, ID_BYTES),
      tank_key: randomHex(random, ID_BYTES),
      origin: "founded",
    } as const;
    return this.#host(row, (supervisor) => supervisor.found());
  }

  async adopt(fork: (tankKey: string) => Promise<ForkedWorld>): Promise<HostedTank> {
    const { random } = this.#deps;
    this.#refuseMore();
    const [tank_id, tank_key] = [randomHex(random, ID_BYTES), randomHex(random, ID_BYTES)];
    const { name: wanted, description, seed, fish, state } = await fork(tank_key);
    // Checked again: the fork took a while.
    this.#refuseMore();
    const name = freeName(wanted, this.#names());
    const row = { tank_id, name, description, seed, fish, tank_key, origin: "forked" } as const;
    return this.#host(row, (supervisor) => supervisor.adopt(state));
  }

  /** Includes the names of tanks that are being created or removed. */
  #names(): ReadonlySet<string> {
    return new Set([...this.#supervisors.values()].map(({ row }) => row.name));
  }

  #refuseMore(): void {
    this.#refuseChanges();
    if (this.#supervisors.size < LIMITS.tanksMax) return;
    throw new Problem("too_many", `a node hosts at most ${LIMITS.tanksMax} tanks`);
  }

  /** Hosts a new tank; when `make` rejects, nothing of it is left. */
  async #host(
    row: Omit<TankRow, "created_at" | "epoch" | "ordinal">,
    make: (supervisor: TankSupervisor) => Promise<void>,
  ): Promise<HostedTank> {
    const ordinal = this.#nextOrdinal();
    const created_at = this.#deps.clock.wallMs();
    const supervisor = this.#supervise({ ...row, created_at, epoch: 1, ordinal }, false);
    try {
      await make(supervisor);
    } catch (error) {
      this.#forget(supervisor);
      if (error instanceof Problem) throw error;
      throw new Problem("not_ready", messageOf(error), { cause: error });
    }
    const { tank_id, name, origin } = supervisor.row;
    this.#deps.log.info("tank created", { tank_id, name, origin });
    return supervisor.view();
  }

  async remove(tankId: string): Promise<void> {
    const supervisor = this.#supervisor(tankId);
    this.#refuseChanges();
    await supervisor.remove();
    this.#forget(supervisor);
    this.#deps.sharedMemory?.remove(tankId);
    this.#deps.log.info("tank removed", { tank_id: tankId, name: supervisor.row.name });
  }

  /** The row of a tank that comes here: last in order, under a name that is free. */
  #placed(row: TankRow): TankRow {
    return { ...row, name: freeName(row.name, this.#names()), ordinal: this.#nextOrdinal() };
  }

  #nextOrdinal(): number {
    return Math.max(0, ...[...this.#supervisors.values()].map(({ row }) => row.ordinal)) + 1;
  }

  list(): readonly HostedTank[] {
    const supervisors = [...this.#supervisors.values()].filter((supervisor) => supervisor.founded);
    return supervisors
      .map((supervisor) => supervisor.view())
      .sort((a, b) => a.row.ordinal - b.row.ordinal);
  }

  get(tankId: string): HostedTank | undefined {
    const supervisor = this.#supervisors.get(tankId);
    return supervisor?.founded ? supervisor.view() : undefined;
  }

  async submit(tankId: string, command: Command, alongside?: Alongside): Promise<Stamped> {
    const supervisor = this.#supervisor(tankId);
    this.#refuseChanges();
    return supervisor.submit(command, alongside);
  }

  async fish(tankId: string): Promise<readonly FishView[]> {
    return this.#supervisor(tankId).placement.whenPlaced((incarnation) => incarnation.fish());
  }

  async census(tankId: string): Promise<CommittedCensus> {
    return this.#supervisor(tankId).placement.whenPlaced((incarnation) => incarnation.census());
  }

  async fishProfile(tankId: string, fishId: FishId): Promise<FishProfile | undefined> {
    return this.#supervisor(tankId).placement.whenPlaced((incarnation) =>
      incarnation.fishProfile(fishId),
    );
  }

  async pickMigrants(tankId: string, wanted: MigrantsWanted): Promise<readonly Migrant[]> {
    const { placement } = this.#supervisor(tankId);
    const { count, ...order } = wanted;
    const draws = Array.from({ length: count }, () => this.#deps.random.unit());
    return placement.whenPlaced((incarnation) => incarnation.selectMigrants({ ...order, draws }));
  }

  watch(tankId: string, listener: (frame: Frame) => void): () => void {
    return this.#supervisor(tankId).placement.watch(listener);
  }

  #makeSlots(): SimulationSlots {
    const { clock, timers, log, spawnSimulation: spawn, threads = 1 } = this.#deps;
    const ports = { clock, timers, log, spawn };
    const on = (slot: ThreadSlot) =>
      [...this.#supervisors.values()].filter((one) => one.slot === slot);
    const events: ThreadEvents = {
      onMessage: (message) => this.#onMessage(message),
      onLost: (slot, message, workingOn) => {
        for (const supervisor of on(slot)) supervisor.threadLost(message, workingOn);
      },
      onRestarted: (slot) => {
        for (const supervisor of on(slot)) void supervisor.revive();
      },
    };
    return new SimulationSlots(threads, ports, events, this.#supervisors);
  }

  #onMessage(message: Exclude<FromSimulation, { kind: "thread_failed" }>): void {
    if (message.kind !== "reports") {
      this.#supervisors.get(message.tank)?.placement.onMessage(message);
      return;
    }
    for (const { tank, load, report } of message.reports) {
      this.#supervisors.get(tank)?.placement.onReport(load, report);
    }
    this.#meters.reported(message.work);
  }

  /** A supervisor on the least busy thread. */
  #supervise(row: TankRow, founded: boolean): TankSupervisor {
    const supervisor = new TankSupervisor(row, this.#slots.place(), this.#supervisorDeps, founded);
    this.#supervisors.set(row.tank_id, supervisor);
    return supervisor;
  }

  #forget(supervisor: TankSupervisor): void {
    this.#supervisors.delete(supervisor.row.tank_id);
  }

  #supervisor(tankId: string): TankSupervisor {
    const supervisor = this.#supervisors.get(tankId);
    if (!supervisor?.founded) throw new Problem("unknown_tank", `there is no tank ${tankId} here`);
    return supervisor;
  }

  #refuseChanges(): void {
    if (this.#stopping) throw new Problem("not_ready", "the node is stopping");
    if (this.#fenceReason) throw this.#fenceReason;
    const fault = this.#storage.fault;
    if (fault !== undefined) throw new Problem("storage_unavailable", fault);
  }
}
