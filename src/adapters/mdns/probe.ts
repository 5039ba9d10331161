import type { LinkReport } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { messageOf } from "../../platform/errors.ts";
import type { Machine } from "../../platform/machine.ts";
import { type Random, randomHex } from "../../platform/random.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import { causesOn } from "./causes.ts";
import type { Verdict } from "./gate.ts";
import { kindOf, mentions } from "./glance.ts";
import { hasIpv6, ipv4Of, isFromElsewhere, isOnLink, type Link, linksOf } from "./links.ts";
import { writeQuery } from "./message.ts";
import { TYPE_LABEL, TYPE_NAME } from "./records.ts";
import { type MulticastSocket, type OpenSocket, openSocket } from "./socket.ts";
import type { Endpoint, Family } from "./station.ts";
import { Traffic } from "./traffic.ts";

export interface ProbeDeps {
  readonly machine: Pick<Machine, "addresses" | "defaultRouteInterface">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Replaces the opening of sockets, for tests. */
  readonly openSocket?: OpenSocket;
}

/** The result of a question by one protocol on one interface. */
export interface LinkProbe extends LinkReport {
  readonly family: Family;
}

/** A responder that has just multicast a record waits a second (RFC 6762 section 6). */
const LISTEN_MS = 1_200;
/** One packet may be lost. */
const SENT_MIN = 2;
/** A new IPv6 address cannot be used for about two seconds (RFC 4862 section 5.4). */
const ASKED_MAX = 5;
const NAME_BYTES = 8;

/**
 * Asks on each usable interface for other nodes, as a node does, and listens for answers and for
 * the question itself, which the system loops back. Announces nothing. Never rejects.
 */
export async function probeMulticast(deps: ProbeDeps): Promise<readonly LinkProbe[]> {
  const { machine, timers } = deps;
  const links = linksOf(machine.addresses(), machine.defaultRouteInterface());
  const own = new Set(machine.addresses().map(({ address }) => address));
  const probes = links.flatMap((link) => {
    const families: readonly Family[] = [
      ...(ipv4Of(link) === undefined ? [] : (["IPv4"] as const)),
      ...(hasIpv6(link) ? (["IPv6"] as const) : []),
    ];
    return families.map((family) => new Probe(link, family, own, deps));
  });
  for (let asked = 0; asked < ASKED_MAX; asked++) {
    const open = probes.filter(({ sent }) => sent < SENT_MIN);
    if (open.length === 0) break;
    for (const probe of open) probe.ask();
    await sleep(timers, LISTEN_MS);
  }
  for (const probe of probes) probe.close();
  return probes.map((probe) => probe.report());
}

class Probe {
  readonly #link: Link;
  readonly #family: Family;
  readonly #own: ReadonlySet<string>;
  readonly #question: Uint8Array;
  readonly #traffic: Traffic;
  readonly #open: OpenSocket;
  /** Why the last question was not sent. */
  #failure: string | undefined;
  #socket: MulticastSocket | undefined;

  constructor(link: Link, family: Family, own: ReadonlySet<string>, deps: ProbeDeps) {
    this.#link = link;
    this.#family = family;
    this.#own = own;
    this.#traffic = new Traffic(deps.clock);
    this.#open = deps.openSocket ?? openSocket;
    // A unique name: no node of this machine sends the same bytes.
    const name = `probe-${randomHex(deps.random, NAME_BYTES)}.${TYPE_NAME}`;
    const questions = [
      { name: TYPE_NAME, type: "PTR" },
      { name, type: "TXT" },
    ];
    this.#question = Buffer.concat(writeQuery(questions));
  }

  get sent(): number {
    return this.#traffic.sent;
  }

  /** By another socket if the last one has failed. */
  ask(): void {
    if (this.#failure !== undefined) this.close();
    this.#failure = undefined;
    try {
      this.#socket ??= this.#listen();
      void this.#socket.send(this.#question).then(() => {
        if (this.#failure === undefined) this.#traffic.noteSent(true);
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }

  report(): LinkProbe {
    const { name, isLoopback } = this.#link;
    const { sent, heard, others, refused } = this.#traffic;
    const traffic = this.#traffic.recent();
    const failures = this.#failure === undefined ? [] : [this.#failure];
    const isWorking = failures.length === 0;
    const causes = causesOn({ name, isLoopback, isWorking, failures, traffic });
    return { name, family: this.#family, sent, heard, others, refused, causes };
  }

  #listen(): MulticastSocket {
    const { name } = this.#link;
    const place = { family: this.#family, interfaceName: name, ipv4: ipv4Of(this.#link) };
    return this.#open(place, {
      onPacket: (bytes, from) => this.#hear(bytes, from),
      onFailure: (error) => this.#fail(error),
    });
  }

  #hear(bytes: Uint8Array, from: Endpoint): void {
    const { address } = from;
    if (isFromElsewhere(this.#link, address)) return;
    const isOwn = this.#own.has(address.split("%", 1)[0] ?? "");
    const verdict = this.#judge(bytes, address, isOwn);
    this.#traffic.note(verdict, { address, isOwn, isOfNode: true });
    if (verdict === "admitted" && !isOwn && kindOf(bytes) === "response") this.#traffic.noteFound();
  }

  #judge(bytes: Uint8Array, sender: string, isOwn: boolean): Verdict {
    if (isOwn && Buffer.compare(bytes, this.#question) === 0) return "echo";
    if (kindOf(bytes) === undefined) return "malformed";
    if (!mentions(bytes, [TYPE_LABEL])) return "unrelated";
    return isOnLink(this.#link, sender) ? "admitted" : "off_link";
  }

  #fail(error: unknown): void {
    this.#failure = messageOf(error);
    this.#traffic.refuse(this.#failure);
  }
}
