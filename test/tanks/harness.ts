import type { SimulatedHost } from "../../src/platform/simulated/host.ts";
import type { SimulatedSharedMemory } from "../../src/platform/simulated/shared-memory.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { apply, createTank, digest, loadTank, step, type Tank } from "../../src/sim/index.ts";
import { groupCommit } from "../../src/store/group-commit.ts";
import type { Journal } from "../../src/store/journal.ts";
import { MemoryStore } from "../../src/store/memory/store.ts";
import type { LogRow, TankRow } from "../../src/store/rows.ts";
import { withCommit } from "../../src/store/with-commit.ts";
import { decodeCommand } from "../../src/tanks/log/command-codec.ts";
import { specOf } from "../../src/tanks/log/history.ts";
import { createTanks, type TankService, type TanksDeps } from "../../src/tanks/service.ts";
import { decodeSnapshot } from "../../src/tanks/snapshots/snapshot-file.ts";
import { unpackState } from "../../src/tanks/snapshots/state-packing.ts";
import type { Controls } from "../../src/tanks/thread/controls.ts";
import { inProcessSimulation } from "../../src/tanks/thread/in-process-host.ts";
import type { FromSimulation, SimulationThread } from "../../src/tanks/thread/simulation.ts";
import type { SnapshotLimits } from "../../src/tanks/thread/snapshot-rule.ts";
import type { Log, LogFields } from "../../src/telemetry/log.ts";
import { noMetrics } from "../../src/telemetry/metrics.ts";

/** No snapshot by itself: what a test recovers is the log. */
export const NO_SNAPSHOTS: SnapshotLimits = {
  costMs: Number.POSITIVE_INFINITY,
  intervalMs: 0,
  ticksMax: Number.POSITIVE_INFINITY,
  entriesMax: Number.POSITIVE_INFINITY,
};

/** The controls of a tank that nobody has touched. */
export function plainControls(tickRate = 30, paused = false): Controls {
  return { paused, tickRate, fastForwardTo: undefined };
}

interface BenchOptions {
  readonly seed?: number;
  readonly snapshots?: SnapshotLimits;
  /** Whether the states of its tanks outlive a kill. */
  readonly keepsMemory?: boolean;
}

/**
 * One machine whose disk and journal outlive the tank services that are started and killed on it.
 */
export class Bench {
  readonly world: SimulatedWorld;
  readonly host: SimulatedHost;
  readonly store = new MemoryStore();
  /** The group commit of the service that was booted last. */
  journal: Journal = this.store.journal;
  readonly events: { event: string; fields: LogFields }[] = [];
  /** The simulation thread of the service that was started last, to let it fail. */
  say: (message: FromSimulation) => void = () => {};
  /** The tank that a simulation loaded last. */
  loaded: Extract<FromSimulation, { kind: "loaded" }> | undefined;
  /** Every log row that was ever committed, also of entries that snapshots have covered since. */
  readonly committed: LogRow[] = [];
  readonly #snapshots: SnapshotLimits;
  /** Only where a test wants it: elsewhere a killed node has nothing but its disk. */
  readonly #sharedMemory: SimulatedSharedMemory | undefined;

  constructor(options: BenchOptions = {}) {
    this.world = new SimulatedWorld({ seed: options.seed ?? 1 });
    this.host = this.world.addHost({ name: "node" });
    this.#snapshots = options.snapshots ?? NO_SNAPSHOTS;
    this.#sharedMemory = options.keepsMemory ? this.host.sharedMemory : undefined;
    const { journal } = this.store;
    const commit = journal.commit.bind(journal);
    journal.commit = async (writes) => {
      await commit(writes);
      for (const write of writes) {
        if ("put" in write && write.put === "log") this.committed.push(write.row);
      }
    };
  }

  /** A service on what the disk holds; not started. */
  boot(overrides: Partial<TanksDeps> = {}, wrap = (journal: Journal) => journal): TankService {
    const process = this.host.boot();
    const { clock, timers, random, files } = process;
    const journal = wrap(process.guard<Journal>("journal", this.store.journal));
    this.journal = groupCommit(journal, {
      clock,
      timers,
      metrics: noMetrics,
      onUnavailable: (error) => tanks.storageFailed(error),
    });
    const tanks: TankService = createTanks({
      journal: this.journal,
      files,
      clock,
      timers,
      random,
      log: this.#log(),
      metrics: noMetrics,
      sharedMemory: this.#sharedMemory,
      spawnSimulation: () => this.simulation(),
      tickRate: 30,
      ...overrides,
    });
    return tanks;
  }

  /** Boots and recovers. */
  async start(overrides: Partial<TanksDeps> = {}): Promise<TankService> {
    const tanks = this.boot(overrides);
    await this.settle(tanks.start());
    return tanks;
  }

  /** A simulation thread of the process that was booted last. */
  simulation(): SimulationThread {
    const process = this.host.process;
    if (!process) throw new Error("nothing runs");
    const options = { snapshots: this.#snapshots, sharedMemory: this.#sharedMemory };
    return this.#tap(inProcessSimulation(process, options));
  }

  kill(): void {
    this.host.kill();
  }

  async run(durationMs: number): Promise<void> {
    await this.world.run(this.world.nowMs + durationMs);
  }

  /** Runs simulated time until the promise settles; fails when that takes a minute of it. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    const done = await this.world.runUntil(this.world.nowMs + 60_000, () => settled);
    if (!done) throw new Error("nothing settles in a simulated minute");
    return promise;
  }

  said(event: string): readonly LogFields[] {
    return this.events.filter((entry) => entry.event === event).map((entry) => entry.fields);
  }

  /**
   * A replay from the very beginning to `tick`, with nothing but the world's own functions, of
   * everything that was ever committed for the tank.
   */
  replayed(row: TankRow, tick = 0): Tank {
    const tank = createTank(specOf(row));
    for (const entry of this.committed) {
      if (entry.tank_id !== row.tank_id) continue;
      while (tank.tick < entry.tick) step(tank);
      const command = decodeCommand(entry.kind, entry.payload);
      if (command) apply(tank, command);
    }
    while (tank.tick < tick) step(tank);
    return tank;
  }

  replayedDigest(row: TankRow, tick = 0): string {
    return digest(this.replayed(row, tick));
  }

  /** The digest of the state in the newest snapshot. */
  async snapshotDigest(row: TankRow): Promise<string> {
    const [newest] = await this.store.journal.snapshots(row.tank_id);
    const file = await this.host.disk.read(newest?.file ?? "none");
    if (!file) throw new Error("there is no snapshot");
    return digest(loadTank(unpackState(decodeSnapshot(file).state.packed)));
  }

  #tap(thread: SimulationThread): SimulationThread {
    return {
      ...thread,
      onMessage: (handler) => {
        this.say = handler;
        thread.onMessage((message) => {
          if (message.kind === "loaded") this.loaded = message;
          handler(message);
        });
      },
    };
  }

  #log(): Log {
    const note = (event: string, fields: LogFields = {}) => {
      this.events.push({ event, fields });
    };
    return { debug: note, info: note, warn: note, error: note };
  }
}

/** A promise that is settled from outside. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** The code of the Problem that a promise rejects with; fails when it resolves. */
export async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "resolved",
    (error) => error.code ?? error,
  );
}

/** A journal whose commits, while `held` says so, wait for `opened` before they begin. */
export function heldBack(journal: Journal, held: () => boolean, opened: Promise<void>): Journal {
  return withCommit(journal, async (writes) => {
    if (held()) await opened;
    await journal.commit(writes);
  });
}
