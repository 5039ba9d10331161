import type {
  Announcement,
  DiscoveryBackend,
  LinkReport,
  Nomination,
} from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Machine } from "../../platform/machine.ts";
import { memoizeLast } from "../../platform/memo.ts";
import type { Random } from "../../platform/random.ts";
import { type Cancel, sleep, type Timers } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import { Gate } from "./gate.ts";
import { LinkService } from "./link-service.ts";
import { hostsOn, type Link, linksOf } from "./links.ts";
import { recordsOf } from "./records.ts";
import { type OpenSocket, openSocket } from "./socket.ts";

export interface MdnsDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly machine: Machine;
  readonly log: Log;
  /** Replaces the opening of sockets, for tests. */
  readonly openSocket?: OpenSocket;
}

/** Interval at which a plugged-in cable or a joined Wi-Fi is noticed. */
const INTERFACE_CHECK_MS = 1_000;
/**
 * A node that follows a hub needs no other; once the hub is lost, discovery looks again at once.
 */
const FOLLOWER_CHECK_MS = 4_000;
/** If the wall clock is ahead of the monotonic one by this much, the machine was suspended. */
const SUSPENDED_MS = 5_000;
/** The longest that the end waits for a goodbye. */
const GOODBYE_MS = 200;
/**
 * Former addresses of this machine are remembered, so that none is taken for one that the operator
 * named.
 */
const FORMER_ADDRESSES_MAX = 256;

/**
 * Multicast DNS service discovery (RFC 6762, RFC 6763) on every usable interface, by IPv4 and IPv6.
 * Without any network it waits for one. Loopback is used only on a machine that has nothing else.
 */
export class MdnsBackend implements DiscoveryBackend {
  readonly name = "mdns";
  readonly #deps: MdnsDeps;
  readonly #gate: Gate;
  /** By interface name. */
  readonly #services = new Map<string, LinkService>();
  readonly #linksOf = memoizeLast(linksOf);
  readonly #ownAddresses = new Set<string>();
  #announcement: Announcement | undefined;
  #nominate: (nomination: Nomination) => void = () => {};
  #cancelCheck: Cancel = () => {};
  #wallAheadMs = 0;

  constructor(deps: MdnsDeps) {
    this.#deps = deps;
    this.#gate = new Gate(deps.clock);
  }

  async start(
    announcement: Announcement,
    nominate: (nomination: Nomination) => void,
  ): Promise<void> {
    this.#announcement = announcement;
    this.#nominate = nominate;
    this.#wallAheadMs = this.#readWallAheadMs();
    this.#followInterfaces();
    this.#scheduleCheck();
  }

  update(announcement: Announcement): void {
    const isNewRole = announcement.role !== this.#announcement?.role;
    this.#announcement = announcement;
    this.#followInterfaces();
    if (!isNewRole) return;
    this.#cancelCheck();
    this.#scheduleCheck();
  }

  refresh(): void {
    this.#followInterfaces();
    for (const service of this.#services.values()) service.refresh();
  }

  describe(): string {
    const services = [...this.#services.values()];
    const used = services.flatMap((service) => service.working() ?? []);
    const on = used.length > 0 ? [`on ${used.join(", ")}`] : [];
    const failed = services.flatMap((service) => service.failures());
    const dropped = this.#gate.dropped > 0 ? [`${this.#gate.dropped} packets were too many`] : [];
    const named = this.#deps.machine.unmatchedInterfaces?.() ?? [];
    const missing = named.length > 0 ? [`no interface matches ${named.join(", ")}`] : [];
    const waits = services.length + missing.length === 0 ? ["waits for a network"] : [];
    return [...on, ...failed, ...missing, ...waits, ...dropped].join("; ");
  }

  links(): readonly LinkReport[] {
    return [...this.#services.values()].map((service) => service.report());
  }

  isWorking(): boolean {
    return [...this.#services.values()].some((service) => service.working() !== undefined);
  }

  async stop(): Promise<void> {
    this.#cancelCheck();
    this.#nominate = () => {};
    const services = [...this.#services.values()];
    this.#services.clear();
    const goodbyes = Promise.all(services.map((service) => service.sayGoodbye()));
    await Promise.race([goodbyes, sleep(this.#deps.timers, GOODBYE_MS)]);
    for (const service of services) service.close();
  }

  #scheduleCheck(): void {
    const follows = this.#announcement?.role === "worker";
    const delayMs = follows ? FOLLOWER_CHECK_MS : INTERFACE_CHECK_MS;
    this.#cancelCheck = this.#deps.timers.after(delayMs, () => {
      this.#scheduleCheck();
      this.#noticeSuspension();
      this.#followInterfaces();
    });
  }

  /** One service per present interface, with the records for it. */
  #followInterfaces(): void {
    const { machine } = this.#deps;
    const links = this.#linksOf(machine.addresses(), machine.defaultRouteInterface());
    this.#rememberAddresses();
    const names = new Set(links.map(({ name }) => name));
    for (const [name, service] of this.#services) {
      if (names.has(name)) continue;
      this.#services.delete(name);
      service.close();
    }
    for (const link of links) {
      const service = this.#services.get(link.name) ?? this.#open(link);
      this.#announceOn(link, service);
      service.follow(link);
    }
  }

  #open(link: Link): LinkService {
    const service = new LinkService(link, {
      openSocket,
      ...this.#deps,
      gate: this.#gate,
      isOwn: (address) => this.#ownAddresses.has(address),
      nominate: (nomination) => this.#nominate(nomination),
    });
    this.#services.set(link.name, service);
    return service;
  }

  #announceOn(link: Link, service: LinkService): void {
    const announcement = this.#announcement;
    if (!announcement) return;
    const hosts = hostsOn(link, announcement.addresses, this.#ownAddresses);
    service.announce(announcement, recordsOf(announcement, hosts));
  }

  #rememberAddresses(): void {
    for (const { address } of this.#deps.machine.addresses()) {
      this.#ownAddresses.delete(address);
      this.#ownAddresses.add(address);
    }
    for (const address of this.#ownAddresses) {
      if (this.#ownAddresses.size <= FORMER_ADDRESSES_MAX) break;
      this.#ownAddresses.delete(address);
    }
  }

  /** After a suspension the group memberships may be gone, and all caches have expired. */
  #noticeSuspension(): void {
    const aheadMs = this.#readWallAheadMs();
    const jumpedMs = aheadMs - this.#wallAheadMs;
    this.#wallAheadMs = aheadMs;
    if (jumpedMs < SUSPENDED_MS) return;
    for (const service of this.#services.values()) service.reopen();
  }

  #readWallAheadMs(): number {
    const { clock } = this.#deps;
    return clock.wallMs() - clock.monotonicMs();
  }
}
