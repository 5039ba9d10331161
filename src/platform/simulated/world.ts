import type { Cancel } from "../timers.ts";
import { Cores, type ProcessorCosts } from "./cores.ts";
import { EventQueue } from "./event-queue.ts";
import { type HostOptions, SimulatedHost } from "./host.ts";
import type { CallLatency, PortHooks } from "./life.ts";
import { SimulatedNetwork } from "./network.ts";
import { Prng } from "./prng.ts";
import { Trace } from "./trace.ts";

export interface WorldOptions {
  readonly seed: number;
  /** Wall-clock time of all hosts at the start. */
  readonly startWallMs?: number;
  /**
   * Cores that all processes share, unless their host has its own. Without cores, work takes no
   * time.
   */
  readonly cores?: number;
  /** Costs of events on cores. */
  readonly costs?: Partial<ProcessorCosts>;
  /** After so many events all draws go on from another seed. */
  readonly fork?: Fork | undefined;
}

/** Where a run leaves that of its first seed. */
export interface Fork {
  readonly atStep: number;
  readonly seed: number;
}

/** Measured with the executable: a start 0.33 s, an event about 0.3 ms (cold code). */
const COSTS: ProcessorCosts = {
  startMs: 330,
  eventMs: 0.3,
  requestMs: () => 0.3,
  backgroundMsPerSecond: 0,
};

/**
 * Any number of machines on one simulated clock, network and set of disks, driven by one seed.
 * Events of a queue run one at a time; between two events all promises that can settle do. So the
 * same seed and the same code give the same run, event by event.
 */
export class SimulatedWorld {
  readonly seed: number;
  readonly startWallMs: number;
  readonly network: SimulatedNetwork;
  readonly costs: ProcessorCosts;
  /** Shared by all hosts without own cores. */
  readonly cores: Cores | undefined;
  /** May kill a node at any of its port calls. */
  hooks: PortHooks = {};

  readonly #queue = new EventQueue();
  readonly #hosts = new Map<string, SimulatedHost>();
  readonly #trace = new Trace();
  readonly #fork: Fork | undefined;
  /** Streams that a fork still has to reach. */
  readonly #streams: Prng[] = [];
  #nowMs = 0;
  #order = 0;
  #steps = 0;
  #eventsBeforeFork: readonly string[] = [];
  #failure: { readonly error: unknown } | undefined;

  constructor(options: WorldOptions) {
    this.seed = options.seed;
    this.#fork = options.fork;
    this.startWallMs = options.startWallMs ?? Date.UTC(2026, 0, 1);
    this.costs = { ...COSTS, ...options.costs };
    this.cores = options.cores === undefined ? undefined : this.createCores(options.cores);
    this.network = new SimulatedNetwork(this);
  }

  /** Simulated milliseconds since the start. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events so far. */
  get steps(): number {
    return this.#steps;
  }

  get hosts(): readonly SimulatedHost[] {
    return [...this.#hosts.values()];
  }

  host(name: string): SimulatedHost | undefined {
    return this.#hosts.get(name);
  }

  /** Creates cores for a single host: `createCores(1, 0.05)` gives it 5 % of a core. */
  createCores(count: number, speed = 1): Cores {
    const schedule = (delayMs: number, label: string, run: () => void) =>
      this.schedule(delayMs, label, run);
    return new Cores(schedule, { count, speed });
  }

  /** An independent stream of random draws. The same label restarts the same stream. */
  stream(label: string): Prng {
    if (!this.#fork) return new Prng(this.seed, label);
    if (this.#steps >= this.#fork.atStep) return new Prng(this.#fork.seed, label);
    const stream = new Prng(this.seed, label);
    this.#streams.push(stream);
    return stream;
  }

  /** Adds a machine with a disk and an address; no process runs until it is booted. */
  addHost(options: HostOptions): SimulatedHost {
    if (this.#hosts.has(options.name)) throw new Error(`there is a host ${options.name} already`);
    const host = new SimulatedHost(this, options, this.#hosts.size + 1);
    this.#hosts.set(options.name, host);
    return host;
  }

  /** Schedules an event. An error that `run` throws ends the simulation. */
  schedule(delayMs: number, label: string, run: () => void): Cancel {
    const atMs = this.#nowMs + Math.max(0, delayMs);
    const event = { atMs, order: this.#order++, label, run, cancelled: false };
    this.#queue.push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Waits in simulated time, outside any node's life. */
  sleep(delayMs: number, label: string): Promise<void> {
    return new Promise((resolve) => this.schedule(delayMs, label, resolve));
  }

  /**
   * The latency of a device: each call takes `minMs` to `maxMs`, and takes effect in between. Calls
   * take effect in order, like on one disk.
   */
  latency(label: string, minMs: number, maxMs: number): CallLatency {
    const draws = this.stream(`latency ${label}`);
    let freeAtMs = 0;
    const wait = () => {
      freeAtMs = Math.max(freeAtMs, this.#nowMs + draws.integer(minMs, maxMs) / 2);
      return this.sleep(freeAtMs - this.#nowMs, `${label} latency`);
    };
    return { beforeEffect: wait, afterEffect: wait };
  }

  /** Fails the simulation at the next step. */
  fail(error: unknown): void {
    this.#failure ??= { error };
  }

  /** Runs the next event and lets all promises settle. Returns false when there is none. */
  async step(): Promise<boolean> {
    const event = this.#queue.pop();
    if (!event) return false;
    this.#nowMs = event.atMs;
    this.#steps++;
    if (this.#fork?.atStep === this.#steps) this.#leave(this.#fork);
    this.record(event.label);
    try {
      event.run();
    } catch (error) {
      this.fail(error);
    }
    await this.#settle();
    return true;
  }

  /** Runs all events up to `untilMs`, which is then the time. */
  async run(untilMs: number): Promise<void> {
    await this.#settle();
    for (;;) {
      const next = this.#queue.peek();
      if (!next || next.atMs > untilMs) break;
      await this.step();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Runs until `condition` holds; true if it did before `untilMs`. */
  async runUntil(untilMs: number, condition: () => boolean): Promise<boolean> {
    await this.#settle();
    while (!condition()) {
      const next = this.#queue.peek();
      if (!next || next.atMs > untilMs) return false;
      await this.step();
    }
    return true;
  }

  /** Adds a line to the trace. */
  record(line: string): void {
    this.#trace.add(`${this.#nowMs} ${line}`);
  }

  /** The last events before the fork, which the run of the first seed had too. */
  get eventsBeforeFork(): readonly string[] {
    return this.#eventsBeforeFork;
  }

  /** A hash of all events: equal for equal runs. */
  traceDigest(): string {
    return this.#trace.digest();
  }

  /** The last events, for the message of a failure. */
  recentEvents(): readonly string[] {
    return this.#trace.recent();
  }

  #leave({ seed }: Fork): void {
    this.#eventsBeforeFork = this.recentEvents();
    for (const stream of this.#streams.splice(0)) stream.reseed(seed);
  }

  /**
   * A macrotask begins only when no microtask is left. So all effects of the last event have
   * settled, however long their chain of promises.
   */
  async #settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (!this.#failure) return;
    const { error } = this.#failure;
    throw new Error(`simulation of seed ${this.seed} failed at ${this.#nowMs} ms`, {
      cause: error,
    });
  }
}
