import { atOnce } from "../platform/at-once.ts";
import type { Clock } from "../platform/clock.ts";
import { messageOf, Problem, type StorageUnavailable } from "../platform/errors.ts";
import type { Files } from "../platform/files.ts";
import { LIMITS } from "../platform/limits.ts";
import { type Random, randomHex, randomInteger } from "../platform/random.ts";
import type { Timers } from "../platform/timers.ts";
import { ENGINE_VERSION } from "../sim/index.ts";
import type { Command, FishId, FishProfile, FishView } from "../sim/types.ts";
import type { Journal } from "../store/journal.ts";
import type { TankRow } from "../store/rows.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { TankMeters } from "./gauges.ts";
import type { RecoveryOptions, RecoveryReport } from "./recovery-report.ts";
import { SimulationSlots } from "./slots/simulation-slots.ts";
import type { ThreadEvents, ThreadSlot } from "./slots/thread-slot.ts";
import type { LogRetention } from "./snapshots/retention.ts";
import { recoverAll, sayLost, sweepSnapshots } from "./start-up.ts";
import { StorageWatch } from "./storage-watch.ts";
import { type KeeperDeps, TankKeeper } from "./tank-keeper.ts";
import type {
  Alongside,
  ForkedWorld,
  Frame,
  HostedTank,
  NewTank,
  Stamped,
  Tanks,
} from "./tanks.ts";
import type { FromSimulation, SimulationThread } from "./thread/simulation.ts";

/** Of a tank's id, and of the key under which its fish are born. */
const ID_BYTES = 8;
/**
 * Tanks that are ended at the same time: bounds the states in memory, about 80 kB each, and is
 * enough for the disk to sync while others are captured.
 */
const FINISHES_AT_ONCE = 32;

export interface TanksDeps {
  /** Already group-committing: every tank commits by itself. */
  readonly journal: Journal;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly spawnSimulation: () => SimulationThread;
  /** Simulation threads. Default 1. */
  readonly threads?: number;
  /** Ticks per second of a new tank; 0 = as fast as it goes. */
  readonly tickRate: number;
  /** What becomes of the log that snapshots cover. Default: trim. */
  readonly logRetention?: LogRetention;
  /** Default: the engine's own. */
  readonly engineVersion?: number;
}

/** {@link Tanks} with its lifetime. */
export interface TankService extends Tanks {
  /**
   * Brings back every tank that is durable. A tank that cannot be is stopped and says why.
   * Rejects with the signal's reason when that ends it.
   */
  start(options?: RecoveryOptions): Promise<RecoveryReport>;
  /**
   * Ends every tank with a last snapshot, then the threads. Nothing is taken any more. After a
   * recovery that was given up only what has come to the logs since is worth one.
   */
  stop(): Promise<void>;
  /** What the storage has not taken, or has not answered, concerns all tanks: see StorageWatch. */
  storageFailed(error: StorageUnavailable): void;
}

export function createTanks(deps: TanksDeps): TankService {
  return new HostingService(deps);
}

class HostingService implements TankService {
  readonly #deps: TanksDeps;
  readonly #keeperDeps: KeeperDeps;
  readonly #storage: StorageWatch;
  readonly #slots: SimulationSlots;
  readonly #meters: TankMeters;
  /** Those that are being founded or removed included. */
  readonly #keepers = new Map<string, TankKeeper>();
  #loads = 0;
  #stopping = false;
  #holdReason: Problem | undefined;
  #recovered = false;

  constructor(deps: TanksDeps) {
    this.#deps = deps;
    this.#storage = new StorageWatch(deps, () => {
      for (const keeper of this.#keepers.values()) void keeper.revive();
    });
    this.#keeperDeps = {
      ...deps,
      storage: this.#storage,
      engineVersion: deps.engineVersion ?? ENGINE_VERSION,
      controls: { paused: false, tickRate: deps.tickRate, fastForwardTo: undefined },
      holdReason: () => this.#holdReason,
      nextLoad: () => ++this.#loads,
      logRetention: deps.logRetention ?? "trim",
    };
    this.#slots = this.#makeSlots();
    this.#meters = new TankMeters(deps.metrics, deps.clock, () => this.list());
  }

  get storageFault(): string | undefined {
    return this.#storage.fault;
  }

  storageFailed(error: StorageUnavailable): void {
    this.#storage.failed(error);
  }

  get holdReason(): Problem | undefined {
    return this.#holdReason;
  }

  hold(reason: Problem): void {
    if (this.#holdReason) return;
    this.#holdReason = reason;
    this.#deps.log.error("tanks stand still", { reason: reason.message, code: reason.code });
    for (const { presence } of this.#keepers.values()) presence.hold();
  }

  async start(options: RecoveryOptions = {}): Promise<RecoveryReport> {
    const { clock, journal, log } = this.#deps;
    const startedMs = clock.monotonicMs();
    const rows = await journal.tanks();
    sayLost(log, rows, await journal.watermarks());
    options.signal?.throwIfAborted();
    const keepers = rows.map((row) => this.#keep(row, true));
    const report = await recoverAll(keepers, { clock, log, startedMs }, options);
    this.#recovered = true;
    void sweepSnapshots(this.#deps, (tankId) => this.#keepers.has(tankId));
    const { tanks, durationMs } = report;
    log.info("tanks recovered", { tanks: tanks.length, duration_ms: Math.round(durationMs) });
    return report;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#storage.stop();
    const snapshots = this.#recovered ? "always" : "when logged";
    await atOnce(FINISHES_AT_ONCE, [...this.#keepers.values()], (keeper) =>
      keeper.finish(snapshots),
    );
    await this.#slots.stop();
  }

  async create(spec: NewTank): Promise<HostedTank> {
    const { random } = this.#deps;
    this.#refuseMore();
    const { name, description, fish, seed = randomInteger(random, 2 ** 32) } = spec;
    const row = {
      ...{ name, description, fish, seed },
      tank_id: randomHex(random, ID_BYTES),
      tank_key: randomHex(random, ID_BYTES),
      origin: "founded",
    } as const;
    return this.#bring(row, (keeper) => keeper.found());
  }

  async adopt(fork: (tankKey: string) => Promise<ForkedWorld>): Promise<HostedTank> {
    const { random } = this.#deps;
    this.#refuseMore();
    const [tank_id, tank_key] = [randomHex(random, ID_BYTES), randomHex(random, ID_BYTES)];
    const { name, description, seed, fish, state } = await fork(tank_key);
    // That took a while.
    this.#refuseMore();
    const row = { tank_id, name, description, seed, fish, tank_key, origin: "forked" } as const;
    return this.#bring(row, (keeper) => keeper.adopt(state));
  }

  #refuseMore(): void {
    this.#refuseChanges();
    if (this.#keepers.size < LIMITS.tanksMax) return;
    throw new Problem("too_many", `a node hosts at most ${LIMITS.tanksMax} tanks`);
  }

  /** Hosts a new tank; when `make` rejects, nothing of it is left. */
  async #bring(
    row: Omit<TankRow, "created_at" | "epoch" | "ordinal">,
    make: (keeper: TankKeeper) => Promise<void>,
  ): Promise<HostedTank> {
    const ordinals = [...this.#keepers.values()].map((other) => other.row.ordinal);
    const ordinal = Math.max(0, ...ordinals) + 1;
    const created_at = this.#deps.clock.wallMs();
    const keeper = this.#keep({ ...row, created_at, epoch: 1, ordinal }, false);
    try {
      await make(keeper);
    } catch (error) {
      this.#forget(keeper);
      if (error instanceof Problem) throw error;
      throw new Problem("not_ready", messageOf(error), { cause: error });
    }
    const { tank_id, name, origin } = keeper.row;
    this.#deps.log.info("tank created", { tank_id, name, origin });
    return keeper.presence.view();
  }

  async remove(tankId: string): Promise<void> {
    const keeper = this.#keeper(tankId);
    this.#refuseChanges();
    await keeper.remove();
    this.#forget(keeper);
    this.#deps.log.info("tank removed", { tank_id: tankId, name: keeper.row.name });
  }

  list(): readonly HostedTank[] {
    const keepers = [...this.#keepers.values()].filter((keeper) => keeper.founded);
    return keepers
      .map((keeper) => keeper.presence.view())
      .sort((a, b) => a.row.ordinal - b.row.ordinal);
  }

  get(tankId: string): HostedTank | undefined {
    const keeper = this.#keepers.get(tankId);
    return keeper?.founded ? keeper.presence.view() : undefined;
  }

  async submit(tankId: string, command: Command, alongside?: Alongside): Promise<Stamped> {
    const keeper = this.#keeper(tankId);
    this.#refuseChanges();
    return keeper.submit(command, alongside);
  }

  async fish(tankId: string): Promise<readonly FishView[]> {
    return this.#keeper(tankId).presence.whenPresent((live) => live.fish());
  }

  async fishProfile(tankId: string, fishId: FishId): Promise<FishProfile | undefined> {
    return this.#keeper(tankId).presence.whenPresent((live) => live.fishProfile(fishId));
  }

  async pickMigrant(tankId: string): Promise<FishId | undefined> {
    const { presence } = this.#keeper(tankId);
    const fit = await presence.whenPresent((live) => live.migrants());
    return fit.length === 0 ? undefined : fit[randomInteger(this.#deps.random, fit.length)];
  }

  watch(tankId: string, listener: (frame: Frame) => void): () => void {
    return this.#keeper(tankId).presence.watch(listener);
  }

  #makeSlots(): SimulationSlots {
    const { clock, timers, log, spawnSimulation: spawn, threads = 1 } = this.#deps;
    const ports = { clock, timers, log, spawn };
    const on = (slot: ThreadSlot) => [...this.#keepers.values()].filter((k) => k.slot === slot);
    const events: ThreadEvents = {
      onMessage: (message) => this.#onMessage(message),
      onLost: (slot, message, workingOn) => {
        for (const keeper of on(slot)) keeper.threadLost(message, workingOn);
      },
      onRestarted: (slot) => {
        for (const keeper of on(slot)) void keeper.revive();
      },
    };
    return new SimulationSlots(threads, ports, events, this.#keepers);
  }

  #onMessage(message: Exclude<FromSimulation, { kind: "thread_failed" }>): void {
    if (message.kind !== "reports") {
      this.#keepers.get(message.tank)?.presence.onMessage(message);
      return;
    }
    for (const { tank, load, report } of message.reports) {
      this.#keepers.get(tank)?.presence.onReport(load, report);
    }
    this.#meters.reported(message.work);
  }

  /** A keeper on the least busy thread. */
  #keep(row: TankRow, founded: boolean): TankKeeper {
    const keeper = new TankKeeper(row, this.#slots.place(), this.#keeperDeps, founded);
    this.#keepers.set(row.tank_id, keeper);
    return keeper;
  }

  #forget(keeper: TankKeeper): void {
    this.#keepers.delete(keeper.row.tank_id);
  }

  #keeper(tankId: string): TankKeeper {
    const keeper = this.#keepers.get(tankId);
    if (!keeper?.founded) throw new Problem("unknown_tank", `there is no tank ${tankId} here`);
    return keeper;
  }

  #refuseChanges(): void {
    if (this.#stopping) throw new Problem("not_ready", "the node is stopping");
    if (this.#holdReason) throw this.#holdReason;
    const fault = this.#storage.fault;
    if (fault !== undefined) throw new Problem("storage_unavailable", fault);
  }
}
