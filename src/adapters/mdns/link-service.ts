import type { Announcement, LinkReport, Nomination } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Random } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import type { Log } from "../../telemetry/log.ts";
import { causesOn } from "./causes.ts";
import type { Gate } from "./gate.ts";
import { mentions } from "./glance.ts";
import { hasIpv6, ipv4Of, isFromElsewhere, type Link } from "./links.ts";
import { type DnsRecord, TYPE_LABEL } from "./records.ts";
import type { MulticastSocket, OpenSocket } from "./socket.ts";
import { type Endpoint, type Family, Station } from "./station.ts";
import { Traffic } from "./traffic.ts";

export interface LinkServiceDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly gate: Gate;
  readonly openSocket: OpenSocket;
  /** Whether this machine has the address, on any interface. */
  readonly isOwn: (address: string) => boolean;
  readonly nominate: (nomination: Nomination) => void;
}

interface Carrier {
  readonly socket: MulticastSocket;
  /** The properties of the interface with which it was opened. */
  readonly signature: string;
  /** Packets that are being sent. */
  sending: Promise<unknown>;
  failed: boolean;
}

interface Failure {
  readonly reason: string;
  readonly count: number;
  /** The interface at that time: a different one is tried at once. */
  readonly signature: string;
  readonly retryMs: number;
}

/** A new IPv6 address cannot be used for about two seconds (RFC 4862 section 5.4). */
const FAILURES_UNSAID = 2;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 8_000;

/** One interface: its station, and its sockets, which are reopened when they fail. */
export class LinkService {
  readonly #deps: LinkServiceDeps;
  readonly #station: Station;
  readonly #sockets = new Map<Family, Carrier>();
  /** What failed since a packet was last multicast. */
  readonly #failures = new Map<Family, Failure>();
  readonly #traffic: Traffic;
  #link: Link;

  constructor(link: Link, deps: LinkServiceDeps) {
    this.#deps = deps;
    this.#link = link;
    this.#traffic = new Traffic(deps.clock);
    this.#station = new Station({
      ...deps,
      link: { name: link.name, isLoopback: link.isLoopback },
      nominate: (nomination) => {
        this.#traffic.noteFound();
        deps.nominate(nomination);
      },
      onConflict: (source) =>
        deps.log.warn("mdns name conflict: somebody else announces this node's id", {
          interface: link.name,
          source,
        }),
    });
  }

  announce(announcement: Announcement, records: readonly DnsRecord[]): void {
    this.#station.announce(announcement, records);
  }

  refresh(): void {
    this.#station.refresh();
  }

  /** Opens, reopens and closes sockets for the present interface. */
  follow(link: Link): void {
    this.#link = link;
    const ipv4 = ipv4Of(link);
    this.#followFamily("IPv4", ipv4 === undefined ? undefined : `${link.index} ${ipv4}`);
    this.#followFamily("IPv6", hasIpv6(link) ? `${link.index}` : undefined);
  }

  /** Restarts on the same interface. */
  reopen(): void {
    for (const family of [...this.#sockets.keys()]) this.#close(family);
    this.follow(this.#link);
  }

  /** The interface and what works on it; undefined if nothing does. */
  working(): string | undefined {
    const families = [...this.#sockets.keys()].filter((family) => !this.#failures.has(family));
    return families.length > 0 ? `${this.#link.name} (${families.join(", ")})` : undefined;
  }

  report(): LinkReport {
    const { name, isLoopback } = this.#link;
    const { sent, heard, others, refused } = this.#traffic;
    const isWorking = this.working() !== undefined;
    const failures = [...this.#failures].map(([family, { reason }]) => `${family} ${reason}`);
    const traffic = this.#traffic.recent();
    const causes = causesOn({ name, isLoopback, isWorking, failures, traffic });
    return { name, sent, heard, others, refused, causes };
  }

  failures(): readonly string[] {
    const nothingWorks = this.working() === undefined;
    return [...this.#failures]
      .filter(([, { count }]) => nothingWorks || count > FAILURES_UNSAID)
      .map(([family, { reason }]) => `cannot use ${this.#link.name} by ${family}: ${reason}`);
  }

  /** Resolves when the goodbyes are sent. */
  async sayGoodbye(): Promise<void> {
    this.#station.sayGoodbye();
    await Promise.all([...this.#sockets.values()].map(({ sending }) => sending));
  }

  close(): void {
    this.#station.stop();
    for (const family of [...this.#sockets.keys()]) this.#close(family);
  }

  #followFamily(family: Family, signature: string | undefined): void {
    const open = this.#sockets.get(family);
    if (open && !open.failed && open.signature === signature) return;
    this.#close(family);
    const failure = this.#failures.get(family);
    if (signature === undefined) this.#failures.delete(family);
    else if (failure?.signature !== signature || this.#isPast(failure.retryMs)) {
      this.#open(family, signature);
    }
  }

  #isPast(atMs: number): boolean {
    return this.#deps.clock.monotonicMs() >= atMs;
  }

  #open(family: Family, signature: string): void {
    const place = { family, interfaceName: this.#link.name, ipv4: ipv4Of(this.#link) };
    try {
      const socket = this.#deps.openSocket(place, {
        onPacket: (bytes, from) => this.#receive(family, bytes, from),
        onFailure: (error) => {
          open.failed = true;
          this.#fail(family, signature, error);
        },
      });
      const open: Carrier = { socket, signature, sending: Promise.resolve(), failed: false };
      this.#sockets.set(family, open);
      this.#station.attach(family, (bytes, to) => {
        open.sending = socket.send(bytes, to).then(() => {
          if (open.failed) return;
          this.#traffic.noteSent(to === undefined);
          if (to === undefined) this.#failures.delete(family);
        });
      });
    } catch (error) {
      this.#fail(family, signature, error);
    }
  }

  #receive(family: Family, bytes: Uint8Array, from: Endpoint): void {
    const { gate, isOwn } = this.#deps;
    const { address } = from;
    if (isFromElsewhere(this.#link, address)) return;
    const station = this.#station;
    const origin = { address, isOwn: isOwn(address.split("%", 1)[0] ?? ""), isOfNode: true };
    // Most machines send the same by IPv4 and IPv6, and twice.
    if (station.isRepeated(bytes)) {
      this.#traffic.note("admitted", origin);
      return;
    }
    const verdict = gate.judge(bytes, from, { link: this.#link, station, family });
    const isOfNode = verdict === "admitted" && mentions(bytes, [TYPE_LABEL]);
    this.#traffic.note(verdict, { ...origin, isOfNode });
    if (verdict === "admitted") station.receive(family, bytes, from);
  }

  #close(family: Family): void {
    const open = this.#sockets.get(family);
    if (!open) return;
    this.#sockets.delete(family);
    this.#station.detach(family);
    open.socket.close();
  }

  #fail(family: Family, signature: string, error: unknown): void {
    const count = (this.#failures.get(family)?.count ?? 0) + 1;
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (count - 1));
    const retryMs = this.#deps.clock.monotonicMs() + delayMs;
    const reason = messageOf(error);
    // A failure that lasts no longer than a new address needs is not a refusal.
    if (count > FAILURES_UNSAID) this.#traffic.refuse(reason);
    this.#failures.set(family, { reason, count, signature, retryMs });
    const fields = { interface: this.#link.name, family, reason };
    // Logged once: it is retried constantly.
    if (count === FAILURES_UNSAID + 1) this.#deps.log.warn("mdns cannot use an interface", fields);
    else this.#deps.log.debug("mdns cannot use an interface", fields);
  }
}
