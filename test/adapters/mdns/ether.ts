import { readMessage, writeQuery, writeResponse } from "../../../src/adapters/mdns/message.ts";
import { type DnsRecord, recordsOf } from "../../../src/adapters/mdns/records.ts";
import { type Endpoint, MDNS_PORT, Station } from "../../../src/adapters/mdns/station.ts";
import type { Announcement, Nomination } from "../../../src/discovery/backend.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";

export interface Packet {
  readonly atMs: number;
  readonly from: Endpoint;
  readonly to: Endpoint | undefined;
  readonly bytes: Uint8Array;
}

/** A station on the ether. */
export interface Member {
  readonly station: Station;
  readonly address: string;
  readonly heard: Nomination[];
  readonly conflicts: string[];
  announce(changes?: Partial<Announcement>): void;
}

export interface MemberOptions {
  readonly bootId?: string;
  readonly address?: string;
}

/**
 * Multicast among stations of one link, and with packets that a test makes itself, on one clock.
 */
export class Ether {
  readonly world: SimulatedWorld;
  readonly packets: Packet[] = [];
  /** Packets that stations got, their own ones not counted. */
  received = 0;
  readonly #members: Member[] = [];

  constructor(seed = 1) {
    this.world = new SimulatedWorld({ seed });
  }

  /** A station that announces itself from now on. */
  join(nodeId: string, options: MemberOptions = {}): Member {
    const number = this.world.hosts.length + 1;
    const process = this.world.addHost({ name: `${nodeId}-${number}` }).boot();
    const address = options.address ?? `10.0.0.${number}`;
    const heard: Nomination[] = [];
    const conflicts: string[] = [];
    const station = new Station({
      ...process,
      link: { name: "eth0", isLoopback: false },
      nominate: (nomination) => heard.push(nomination),
      onConflict: (source) => conflicts.push(source),
    });
    const announcement: Announcement = {
      nodeId,
      cluster: "tankd",
      version: "0.1.0",
      role: "discovering",
      priority: 100,
      bootId: options.bootId ?? `boot-${number}`,
      addresses: [{ host: address, port: 8000 }],
    };
    const announce = (changes: Partial<Announcement> = {}) => {
      const changed = { ...announcement, ...changes };
      station.announce(changed, recordsOf(changed, changed.addresses));
    };
    const member = { station, address, heard, conflicts, announce };
    this.#members.push(member);
    announce();
    station.attach("IPv4", (bytes, to) => this.#carry({ address, port: MDNS_PORT }, bytes, to));
    return member;
  }

  leave(member: Member): void {
    member.station.sayGoodbye();
    member.station.stop();
    this.#members.splice(this.#members.indexOf(member), 1);
  }

  ask(
    questions: Parameters<typeof writeQuery>[0],
    known: readonly DnsRecord[] = [],
    from: Endpoint = { address: "10.0.0.99", port: MDNS_PORT },
  ): void {
    for (const bytes of writeQuery(questions, known)) this.#carry(from, bytes);
  }

  respond(records: readonly DnsRecord[], address = "10.0.0.99"): void {
    this.#carry({ address, port: MDNS_PORT }, writeResponse(records));
  }

  /** Any bytes, to all. */
  send(bytes: Uint8Array, from: Endpoint = { address: "10.0.0.99", port: MDNS_PORT }): void {
    this.#carry(from, bytes);
  }

  async pass(ms: number): Promise<void> {
    await this.world.run(this.world.nowMs + ms);
  }

  /** What a member multicast within the last `ms`, with when. */
  sentBy(member: Member, ms = Number.POSITIVE_INFINITY) {
    const since = this.world.nowMs - ms;
    return this.packets
      .filter(({ from, atMs }) => from.address === member.address && atMs >= since)
      .flatMap(({ bytes, atMs, to }) => {
        const message = readMessage(bytes);
        return message ? [{ ...message, atMs, to }] : [];
      });
  }

  #carry(from: Endpoint, bytes: Uint8Array, to?: Endpoint): void {
    this.packets.push({ atMs: this.world.nowMs, from, to, bytes });
    this.world.schedule(1, "multicast", () => {
      if (to !== undefined && to.address !== from.address) {
        const addressed = this.#members.find(({ address }) => address === to.address);
        if (addressed) this.#deliver(addressed, bytes, from);
        return;
      }
      for (const member of [...this.#members]) this.#deliver(member, bytes, from);
    });
  }

  #deliver({ station, address }: Member, bytes: Uint8Array, from: Endpoint): void {
    if (from.address === address && station.isEcho("IPv4", bytes)) return;
    this.received++;
    station.receive("IPv4", bytes, from);
  }
}
