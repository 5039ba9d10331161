import { type Identity, identityFromSeed } from "../../../src/cluster/identity/identity.ts";
import type { DiscoveryBackend } from "../../../src/discovery/backend.ts";
import { type Core, type CoreSettings, createCore } from "../../../src/node/core.ts";
import { timingOf } from "../../../src/node/timing.ts";
import type { Network } from "../../../src/platform/network.ts";
import type { SharedMemory } from "../../../src/platform/shared-memory.ts";
import type { SimulatedHost } from "../../../src/platform/simulated/host.ts";
import type { SimulatedProcess } from "../../../src/platform/simulated/process.ts";
import type { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { ENGINE_VERSION } from "../../../src/sim/index.ts";
import type { Journal, JournalBounds, Store } from "../../../src/store/journal.ts";
import { inProcessReplay } from "../../../src/tanks/replay/in-process-replay.ts";
import { ReplayExecutor } from "../../../src/tanks/replay/replay-executor.ts";
import { inProcessSimulation } from "../../../src/tanks/thread/in-process-host.ts";
import type { SimulationThread } from "../../../src/tanks/thread/simulation.ts";
import { silentLog } from "../../../src/telemetry/log.ts";
import { noMetrics } from "../../../src/telemetry/metrics.ts";
import { SimulatedNode } from "./node.ts";

export const CORE_SETTINGS: CoreSettings = {
  version: "simulated",
  serverId: undefined,
  cluster: "simulated",
  host: undefined,
  port: 8000,
  advertise: [],
  role: "auto",
  priority: 0,
  hubs: [],
  register: true,
  tags: [],
  capabilities: [],
  region: undefined,
  zone: undefined,
  timing: timingOf("development"),
  tickRate: 30,
  threads: 2,
  retention: {},
  autoConnect: true,
  firstTanks: { tanks: 1, fish: 4, seed: 1 },
};

export interface CoreNodeOptions {
  readonly keySeed: Uint8Array;
  /** Bounds of a commit to its disk, so that a kill can fall between the parts of one. */
  readonly commitMs: { readonly least: number; readonly most: number };
  readonly bounds?: JournalBounds;
}

/** A machine on which all parts of a node run that contain its logic. */
export abstract class CoreNode extends SimulatedNode<Core> {
  keySeed: Uint8Array;
  readonly #world: SimulatedWorld;
  readonly #commitMs: CoreNodeOptions["commitMs"];

  constructor(world: SimulatedWorld, host: SimulatedHost, options: CoreNodeOptions) {
    super(host, options.bounds);
    this.#world = world;
    this.keySeed = options.keySeed;
    this.#commitMs = options.commitMs;
  }

  get identity(): Identity {
    return identityFromSeed(this.keySeed);
  }

  /** Of this start, for the clock by which signatures are judged. */
  protected abstract startOffsetMs(process: SimulatedProcess): number;

  protected abstract settings(): CoreSettings;

  protected backends(_process: SimulatedProcess): readonly DiscoveryBackend[] {
    return [];
  }

  /** What stands between the node and its journal. */
  protected journal(): Journal {
    return this.store.journal;
  }

  /** The journal as the process has it, with `guarded`, whose calls end with the process. */
  protected acknowledged(guarded: Journal, _process: SimulatedProcess): Journal {
    return guarded;
  }

  protected network(process: SimulatedProcess): Network {
    return process.network;
  }

  /** What the states of its tanks lie in when it is killed. */
  protected get sharedMemory(): SharedMemory | undefined {
    return undefined;
  }

  protected spawnSimulation(process: SimulatedProcess): SimulationThread {
    return inProcessSimulation(process);
  }

  /** A new process with a core that is not started yet. */
  protected create(): { readonly process: SimulatedProcess; readonly core: Core } {
    const process = this.host.boot();
    const settings = this.settings();
    const core = createCore(
      {
        clock: process.clock,
        startOffsetMs: this.startOffsetMs(process),
        timers: process.timers,
        random: process.random,
        network: this.network(process),
        sockets: process.sockets,
        machine: process.machine,
        files: process.files,
        store: this.#storeOf(process),
        sharedMemory: this.sharedMemory,
        spawnSimulation: () => this.spawnSimulation(process),
        spawnReplay: () => this.#spawnReplay(process, settings.tickRate),
        backends: this.backends(process),
        log: silentLog,
        metrics: noMetrics,
      },
      settings,
      this.identity,
    );
    this.program = core;
    return { process, core };
  }

  #spawnReplay(process: SimulatedProcess, tickRate: number) {
    const { clock, timers, files } = process;
    const controls = { paused: false, tickRate, fastForwardTo: undefined };
    const options = { clock, timers, controls, engineVersion: ENGINE_VERSION };
    return inProcessReplay(new ReplayExecutor({ journal: this.store.journal, files }, options));
  }

  #storeOf(process: SimulatedProcess): Store {
    const { least, most } = this.#commitMs;
    const disk = this.#world.latency(`disk ${this.name}`, least, most);
    return {
      journal: this.acknowledged(process.guard("journal", this.journal(), disk), process),
      registry: process.guard("registry", this.store.registry),
      close: async () => {},
    };
  }
}
