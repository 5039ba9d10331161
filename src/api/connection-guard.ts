import { shareKey } from "../discovery/addresses.ts";
import type { Clock } from "../platform/clock.ts";
import { unmapped, withoutZone } from "../platform/ip-literal.ts";
import { LIMITS } from "../platform/limits.ts";
import type { AcceptedSocket, AcceptedSockets, DescriptorUse } from "../platform/machine.ts";
import type { Cancel, Timers } from "../platform/timers.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Held, type Reason, reserveOf, surplusOf } from "./surplus.ts";
import { UnheardBytes } from "./unheard-bytes.ts";

/** What the guard of an API's connections needs. */
export interface GuardOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Metrics;
  /** Undefined without a limit. */
  readonly descriptors: () => DescriptorUse | undefined;
  readonly openSockets: () => Promise<AcceptedSockets | undefined>;
  /** Connections of one address, loopback and trusted proxies excepted. */
  readonly perAddressMax: number;
}

/** The server whose connections are guarded. */
export interface GuardedServer {
  readonly port: number;
  readonly timers: Timers;
  readonly isTrustedProxy: (address: string) => boolean;
  /** Ends the connections that wait for a next request, and returns how many there were. */
  endIdle(): number;
}

/** What the guard is told of a WebSocket. */
export interface GuardedSocket {
  open(): void;
  /** A message, a ping or a pong of so many bytes has come. */
  hear(bytes: number): void;
  close(): void;
}

/** Intervals of the checks. */
const CALM_MS_MIN = 50;
const CALM_MS_MAX = 1000;
const PRESSED_MS = 10;
/** As fast as one core accepts them. */
const CONNECTIONS_PER_MS = 20;
/** Shares of a core that the checks may take. */
const CALM_SHARE = 0.01;
const PRESSED_SHARE = 0.05;
/** A check that is so late was held up by somebody, who is looked for so long. */
const LATE_MS = 20;
const LOOK_AFTER_LATE_MS = 10_000;
/** With fewer open ones no address can have too many. */
const WATCHED_SHARE = 1 / 4;
const LOG_INTERVAL_MS = 60_000;

/**
 * Keeps descriptors in reserve for files, threads and connections to others: before the last ones
 * are gone, connections are ended. Bun tells of no connection before its first request, so this
 * asks the system at short intervals instead.
 */
export class ConnectionGuard {
  readonly #options: GuardOptions;
  readonly #server: GuardedServer;
  /** Connections by their other side, oldest first, and whether they were there before. */
  readonly #held = new Map<string, Held>();
  /** The other sides of those that have sent a whole request. */
  readonly #heard = new Set<string>();
  readonly #unheard = new UnheardBytes();
  #sockets: AcceptedSockets | undefined;
  /** When the next check is due. */
  #dueMs = Number.POSITIVE_INFINITY;
  #lookUntilMs = 0;
  readonly #ended = new Map<Reason, number>();
  #loggedMs = Number.NEGATIVE_INFINITY;
  #cancel: Cancel = () => {};
  #stopped = false;

  constructor(options: GuardOptions, server: GuardedServer) {
    this.#options = options;
    this.#server = server;
    void this.#watch();
  }

  /** Notes that a whole request has come from there. */
  hear(address: string, port: number): void {
    this.#heard.add(keyOf({ address, port }));
  }

  /** The WebSocket that a connection from there becomes. */
  socketFrom(address: string, port: number): GuardedSocket {
    const key = keyOf({ address, port });
    return {
      open: () => this.#unheard.open(key),
      hear: (bytes) => this.#unheard.hear(key, bytes),
      close: () => this.#unheard.close(key),
    };
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  async #watch(): Promise<void> {
    const { clock, descriptors, openSockets } = this.#options;
    const startMs = clock.monotonicMs();
    const use = descriptors();
    if (use === undefined) return;
    if (startMs - this.#dueMs > LATE_MS) this.#lookUntilMs = startMs + LOOK_AFTER_LATE_MS;
    if (startMs < this.#lookUntilMs || this.#mayHaveSurplus(use)) {
      this.#sockets ??= await openSockets();
      if (this.#sockets === undefined || this.#stopped) return;
      this.#look(this.#sockets, use);
    }
    const endMs = clock.monotonicMs();
    const delayMs = pauseAfter(use, endMs - startMs);
    this.#dueMs = endMs + delayMs;
    this.#cancel = this.#server.timers.after(delayMs, () => void this.#watch());
  }

  #mayHaveSurplus(use: DescriptorUse): boolean {
    const mayExceed = use.open > Math.min(this.#options.perAddressMax, use.limit * WATCHED_SHARE);
    return mayExceed || isPressed(use) || this.#heard.size > use.open + LIMITS.connectionsHeardMax;
  }

  #look(sockets: AcceptedSockets, { limit, open }: DescriptorUse): void {
    const present = new Map(sockets.list(this.#server.port).map((one) => [keyOf(one), one]));
    for (const key of this.#held.keys()) if (!present.has(key)) this.#held.delete(key);
    for (const key of this.#heard) if (!present.has(key)) this.#heard.delete(key);
    for (const [key, socket] of present) this.#note(key, socket);
    const held = [...this.#held.values()];
    const { perAddressMax } = this.#options;
    const { ended, missing } = surplusOf(held, { limit, open, perAddressMax });
    for (const { socket, reason } of ended) {
      sockets.end(socket);
      this.#count(reason, 1);
    }
    const unheard = this.#unheard.look((key) => receivedOver(sockets, present.get(key)));
    for (const key of unheard) {
      const socket = present.get(key);
      if (socket) sockets.end(socket);
    }
    this.#count("unheard", unheard.length);
    if (missing > 0) this.#makeRoom(sockets, held, missing);
    this.#report({ limit, open });
  }

  /**
   * Ends those that wait for a next request; if there are none, the newest of the others, but none
   * that has come since the last check: most requests are answered by the next one.
   */
  #makeRoom(sockets: AcceptedSockets, held: readonly Held[], missing: number): void {
    const idle = this.#server.endIdle();
    this.#count("idle", idle);
    if (idle > 0) return;
    const newest = held.filter((one) => one.hasSpoken).slice(-missing);
    const surplus = newest.filter((one) => one.wasThere);
    for (const { socket } of surplus) sockets.end(socket);
    this.#count("reserve", surplus.length);
  }

  #note(key: string, socket: AcceptedSocket): void {
    const address = unmapped(socket.address);
    this.#held.set(key, {
      socket,
      share: this.#server.isTrustedProxy(address) ? undefined : shareKey(address),
      hasSpoken: this.#heard.has(key),
      wasThere: this.#held.has(key),
    });
  }

  #count(reason: Reason, amount: number): void {
    if (amount === 0) return;
    this.#options.meter.count("tankd_connections_ended_total", { reason }, amount);
    this.#ended.set(reason, (this.#ended.get(reason) ?? 0) + amount);
  }

  #report({ limit, open }: DescriptorUse): void {
    const { clock, log } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#ended.size === 0 || nowMs - this.#loggedMs < LOG_INTERVAL_MS) return;
    this.#loggedMs = nowMs;
    log.warn("connections ended", { ...Object.fromEntries(this.#ended), limit, open });
    this.#ended.clear();
  }
}

function receivedOver(sockets: AcceptedSockets, socket: AcceptedSocket | undefined) {
  return socket && sockets.received(socket);
}

function isPressed(use: DescriptorUse): boolean {
  return use.limit - use.open < 2 * reserveOf(use);
}

/** Short where few are free, so that even connections at full speed do not take all in between. */
function pauseAfter(use: DescriptorUse, tookMs: number): number {
  if (isPressed(use)) return Math.max(PRESSED_MS, tookMs / PRESSED_SHARE);
  const untilReserveMs = (use.limit - use.open - reserveOf(use)) / CONNECTIONS_PER_MS;
  const calmMs = Math.min(Math.max(CALM_MS_MIN, untilReserveMs), CALM_MS_MAX);
  return Math.max(calmMs, tookMs / CALM_SHARE);
}

/** As `requestIP` and the system name the same side. */
function keyOf({ address, port }: Pick<AcceptedSocket, "address" | "port">): string {
  return `${unmapped(withoutZone(address))} ${port}`;
}
