import type { Clock } from "../clock.ts";
import type { Files } from "../files.ts";
import type { Machine } from "../machine.ts";
import type { Network } from "../network.ts";
import type { Random } from "../random.ts";
import type { Timers } from "../timers.ts";
import type { SimulatedHost } from "./host.ts";
import { type CallLatency, Life } from "./life.ts";
import type { RequestHandler } from "./network.ts";
import type { SimulatedWorld } from "./world.ts";

/** One run of a node on a host, from boot to kill: the ports that it is given. */
export class SimulatedProcess {
  readonly host: SimulatedHost;
  readonly life: Life;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly machine: Machine;
  readonly files: Files;
  readonly network: Network;

  readonly #handlers = new Map<number, RequestHandler>();

  constructor(world: SimulatedWorld, host: SimulatedHost, boot: number) {
    const label = `${host.name}#${boot}`;
    const life = new Life(host.name, () => world.hooks);
    const draws = world.stream(`random ${label}`);
    // Monotonic clocks of different machines and boots have nothing in common.
    const originMs = world.stream(`monotonic ${label}`).integer(0, 1_000_000);
    this.host = host;
    this.life = life;
    this.machine = host.machine;
    this.clock = {
      wallMs: () => Math.floor(world.startWallMs + world.nowMs + host.wallOffsetMs),
      monotonicMs: () => originMs + world.nowMs,
    };
    this.random = { bytes: (length) => draws.bytes(length), unit: () => draws.unit() };
    this.timers = lifelongTimers(world, life, label);
    this.files = life.guard<Files>("files", host.disk);
    this.network = {
      send: (request) => life.call("network", "send", () => world.network.exchange(host, request)),
      resolve: (name) => life.call("network", "resolve", () => world.network.resolve(name)),
    };
  }

  get alive(): boolean {
    return this.life.alive;
  }

  /** Answers requests to `http://<address>:<port>` for as long as this process lives. */
  listen(port: number, handler: RequestHandler): void {
    this.#handlers.set(port, handler);
  }

  /** From now on connections to the port are refused. */
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
}

function lifelongTimers(world: SimulatedWorld, life: Life, label: string): Timers {
  return {
    after: (delayMs, task) => {
      if (!life.alive) return () => {};
      return world.schedule(delayMs, `timer ${label}`, () => {
        if (life.alive) task();
      });
    },
  };
}
