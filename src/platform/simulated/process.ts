import type { Clock } from "../clock.ts";
import type { Files } from "../files.ts";
import type { Machine } from "../machine.ts";
import type { Network } from "../network.ts";
import type { Random } from "../random.ts";
import type { Sockets } from "../sockets.ts";
import type { Timers } from "../timers.ts";
import { Thread } from "./cores.ts";
import { synced } from "./files.ts";
import type { SimulatedHost } from "./host.ts";
import { type CallLatency, Life } from "./life.ts";
import type { RequestHandler } from "./messages.ts";
import type { IncomingSocket } from "./sockets.ts";
import type { SimulatedWorld } from "./world.ts";

/** Interval at which the processor time of background work is spent. */
const BACKGROUND_EVERY_MS = 100;

/** One run of a node on a host, from boot to kill, with its ports. */
export class SimulatedProcess {
  readonly host: SimulatedHost;
  readonly life: Life;
  readonly thread: Thread;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly machine: Machine;
  readonly files: Files;
  readonly network: Network;
  readonly sockets: Sockets;

  readonly #world: SimulatedWorld;
  readonly #handlers = new Map<number, RequestHandler>();

  constructor(world: SimulatedWorld, host: SimulatedHost, boot: number) {
    const label = `${host.name}#${boot}`;
    const life = new Life(host.name, () => world.hooks);
    const draws = world.stream(`random ${label}`);
    // Monotonic clocks of different machines and boots are unrelated.
    const originMs = world.stream(`monotonic ${label}`).integer(0, 1_000_000);
    this.#world = world;
    this.host = host;
    this.life = life;
    this.thread = new Thread(label, host.cores, () => life.alive);
    this.machine = host.machine;
    this.clock = {
      wallMs: () => Math.floor(world.startWallMs + world.nowMs + host.wallOffsetMs),
      monotonicMs: () => originMs + world.nowMs,
    };
    this.random = { bytes: (length) => draws.bytes(length), unit: () => draws.unit() };
    this.timers = this.#timers(`timer ${label}`);
    this.files = synced(life.guard<Files>("files", host.disk), host.disk);
    this.network = {
      send: (request) => life.call("network", "send", () => world.network.send(this, request)),
      resolve: (name) => life.call("network", "resolve", () => world.network.resolve(name)),
    };
    this.sockets = {
      connect: (request, listener) =>
        life.call("sockets", "connect", () =>
          world.network.sockets.connect(this, request, listener),
        ),
    };
  }

  /** Accepts a connection that a request has asked for with this key. */
  grant(key: string, incoming: IncomingSocket): void {
    this.#world.network.sockets.grant(this, key, incoming);
  }

  get alive(): boolean {
    return this.life.alive;
  }

  /** SIGSTOP: connections are still accepted, and nothing else happens until it is resumed. */
  pause(): void {
    this.life.pause();
    this.thread.hold();
  }

  /** SIGCONT. */
  resume(): void {
    this.life.resume();
    this.thread.release();
  }

  /** Runs the program after the cost of a start; at once without cores. */
  start(program: () => void): void {
    this.thread.run(this.#world.costs.startMs, () => {
      program();
      this.#spendInBackground();
    });
  }

  /** Answers requests to `http://<address>:<port>` for as long as this process lives. */
  listen(port: number, handler: RequestHandler): void {
    this.#handlers.set(port, handler);
  }

  /** Closes the port: connections are refused. */
  close(port: number): void {
    this.#handlers.delete(port);
  }

  handlerAt(port: number): RequestHandler | undefined {
    return this.#handlers.get(port);
  }

  /** See {@link Life.guard}. */
  guard<T extends object>(port: string, target: T, latency?: CallLatency): T {
    return this.life.guard(port, target, latency);
  }

  #timers(label: string): Timers {
    return {
      after: (delayMs, task) => {
        if (!this.alive) return () => {};
        let cancelled = false;
        const cancel = this.#world.schedule(delayMs, label, () =>
          this.thread.run(this.#world.costs.eventMs, () => {
            if (!cancelled) task();
          }),
        );
        return () => {
          cancelled = true;
          cancel();
        };
      },
    };
  }

  #spendInBackground(): void {
    const costMs = (this.#world.costs.backgroundMsPerSecond * BACKGROUND_EVERY_MS) / 1000;
    if (costMs === 0 || !this.host.cores || !this.alive) return;
    this.thread.charge(costMs);
    this.#world.schedule(BACKGROUND_EVERY_MS, "background", () => this.#spendInBackground());
  }
}
