import type { Announcement, DiscoveryBackend, Nomination } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import { type Cancel, sleep, type Timers } from "../../platform/timers.ts";
import { isCandidate } from "./candidates.ts";
import type { Look, Observer } from "./observer.ts";
import { Schedule } from "./schedule.ts";
import { whyUnusable } from "./state-words.ts";
import type { Device } from "./status.ts";
import type { Tailnet } from "./tailnet.ts";

export interface TailscaleDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly observer: Pick<Observer, "look">;
  /** Updated with every observation. */
  readonly tailnet: Pick<Tailnet, "update" | "isUserspace">;
  /** Only devices with one of these tags are dialled; all of them if none is given. */
  readonly tags: readonly string[];
  /** Ports where tankd may listen, the likeliest first. */
  readonly ports: readonly number[];
}

/** Notifications come in bursts. */
const NEWS_MS = 200;
/** Delay until a watch that ends at once is restarted, doubled up to the maximum. */
const WATCH_AGAIN_MIN_MS = 1_000;
const WATCH_AGAIN_MAX_MS = 30_000;
/**
 * Devices dialled at a time, and the delay of the next ones. Most do not run tankd, and each that
 * is dialled for the first time costs tailscaled a tunnel.
 */
const BATCH = 8;
const BATCH_MS = 4_000;
/** Ports per device: each costs it a connection. */
const PORTS_MAX = 6;

/**
 * Nominates the online devices of a tailnet, at the ports where tankd may listen. Tailscale does
 * not tell which of them run it.
 */
export class TailscaleBackend implements DiscoveryBackend {
  readonly name = "tailscale";
  readonly #deps: TailscaleDeps;
  readonly #schedule = new Schedule();
  #announcement: Announcement | undefined;
  #nominate: (nomination: Nomination) => void = () => {};
  #look: Look | undefined;
  /** Why the last observation has failed. */
  #failure: string | undefined;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #isLooking = false;
  #ending = new AbortController();
  #cancelLook: Cancel | undefined;
  #cancelBatch: Cancel | undefined;

  constructor(deps: TailscaleDeps) {
    this.#deps = deps;
  }

  async start(
    announcement: Announcement,
    nominate: (nomination: Nomination) => void,
  ): Promise<void> {
    this.#announcement = announcement;
    this.#nominate = nominate;
    this.#schedule.clear();
    this.#ending = new AbortController();
    const { signal } = this.#ending;
    const look = await this.#deps.observer.look();
    if (signal.aborted) return;
    this.#take(look);
    void this.#watch(signal);
  }

  update(announcement: Announcement): void {
    const before = this.#announcement?.role;
    this.#announcement = announcement;
    if (announcement.role !== "discovering" || before === "discovering") return;
    // Its hub is lost: a device that did not run tankd an hour ago may lead now.
    this.#schedule.clear();
    this.#nominateDue();
  }

  refresh(): void {
    this.#lookSoon();
    this.#nominateDue();
  }

  describe(): string {
    const reason = this.#failure ?? this.#whyUnusable();
    if (reason !== undefined || this.#look === undefined) return reason ?? "";
    const { status, by, localApi } = this.#look;
    const { devices, name, isConnected } = status;
    const of = name === "" ? "" : ` of ${name}`;
    const isUserspace = this.#deps.tailnet.isUserspace;
    return [
      `${this.#candidates().length} of ${devices.length} devices${of} may run tankd`,
      ...(by === undefined ? [] : [by]),
      ...(isUserspace && localApi !== undefined ? ["userspace mode"] : []),
      ...(isConnected ? [] : ["no connection to the control server, so this may be old"]),
    ].join("; ");
  }

  isWorking(): boolean {
    return this.#failure === undefined && this.#whyUnusable() === undefined;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#nominate = () => {};
    this.#cancelLook?.();
    this.#cancelBatch?.();
    this.#cancelLook = undefined;
    this.#cancelBatch = undefined;
    this.#look = undefined;
    this.#deps.tailnet.update(undefined, undefined);
  }

  /** Follows the notifications of any present daemon, as long as this backend runs. */
  async #watch(signal: AbortSignal): Promise<void> {
    const { clock, timers } = this.#deps;
    let pauseMs = WATCH_AGAIN_MIN_MS;
    while (!signal.aborted) {
      const sinceMs = clock.monotonicMs();
      // The next observation tells why it has ended.
      await this.#look?.localApi?.watch(() => this.#lookSoon(), signal).catch(() => {});
      if (signal.aborted) return;
      this.#lookSoon();
      const lastedMs = clock.monotonicMs() - sinceMs;
      pauseMs =
        lastedMs > WATCH_AGAIN_MAX_MS
          ? WATCH_AGAIN_MIN_MS
          : Math.min(2 * pauseMs, WATCH_AGAIN_MAX_MS);
      await sleep(timers, pauseMs, signal);
    }
  }

  #lookSoon(): void {
    if (this.#cancelLook !== undefined || this.#ending.signal.aborted) return;
    const intervalMs = this.#look?.intervalMs ?? 0;
    const waitMs = this.#lookedMs + intervalMs - this.#deps.clock.monotonicMs();
    this.#cancelLook = this.#deps.timers.after(Math.max(NEWS_MS, waitMs), () => {
      this.#cancelLook = undefined;
      void this.#lookAgain(this.#ending.signal);
    });
  }

  async #lookAgain(signal: AbortSignal): Promise<void> {
    if (this.#isLooking) return this.#lookSoon();
    this.#isLooking = true;
    try {
      const look = await this.#deps.observer.look();
      if (!signal.aborted) this.#take(look);
    } catch (error) {
      if (!signal.aborted) this.#fail(messageOf(error));
    } finally {
      this.#isLooking = false;
    }
  }

  #take(look: Look): void {
    // Devices that could not be reached in the meantime are dialled as if they were new.
    if (!this.isWorking()) this.#schedule.clear();
    this.#look = look;
    this.#failure = undefined;
    this.#lookedMs = this.#deps.clock.monotonicMs();
    this.#deps.tailnet.update(look.status, look.localApi);
    this.#nominateDue();
  }

  #fail(reason: string): void {
    this.#failure = reason;
    this.#lookedMs = this.#deps.clock.monotonicMs();
    this.#deps.tailnet.update(undefined, undefined);
  }

  #whyUnusable(): string | undefined {
    return this.#look && whyUnusable(this.#look.status, this.#deps.clock.wallMs());
  }

  #candidates(): readonly Device[] {
    const { tags, clock } = this.#deps;
    const nowMs = clock.wallMs();
    return this.#look?.status.devices.filter((one) => isCandidate(one, tags, nowMs)) ?? [];
  }

  /** Some at a time, until none is due. */
  #nominateDue(): void {
    if (this.#cancelBatch !== undefined || !this.isWorking()) return;
    const nowMs = this.#deps.clock.monotonicMs();
    const due = this.#schedule.due(this.#candidates(), nowMs);
    for (const device of due.slice(0, BATCH)) {
      this.#schedule.note(device, nowMs);
      this.#nominate({ backend: this.name, addresses: this.#placesOf(device), isGuess: true });
    }
    if (due.length === 0) return;
    this.#cancelBatch = this.#deps.timers.after(BATCH_MS, () => {
      this.#cancelBatch = undefined;
      this.#nominateDue();
    });
  }

  /** One address is enough: all of them lead through the same tunnel. */
  #placesOf({ addresses }: Device): Nomination["addresses"] {
    const host = addresses[0] ?? "";
    const own = this.#announcement?.addresses[0]?.port;
    const [likeliest, ...others] = this.#deps.ports;
    const ports = new Set([likeliest, own, ...others].filter((port) => port !== undefined));
    return [...ports].slice(0, PORTS_MAX).map((port) => ({ host, port }));
  }
}
