import type { Announcement, Nomination } from "../../discovery/backend.ts";
import type { Clock } from "../../platform/clock.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Random } from "../../platform/random.ts";
import type { Timers } from "../../platform/timers.ts";
import { AnswerSchedule } from "./answers.ts";
import { type CachedService, ServiceCache } from "./cache.ts";
import { Echoes, RecentPackets } from "./echoes.ts";
import { FollowUps } from "./follow-ups.ts";
import type { PacketKind } from "./glance.ts";
import { type Message, type Question, readMessage, writeQuery, writeResponse } from "./message.ts";
import { nominationOf } from "./nomination.ts";
import { answerQuery, legacyAnswer } from "./query-answers.ts";
import { QuestionSchedule } from "./questions.ts";
import {
  type DnsRecord,
  goodbyeOf,
  identityOf,
  instanceName,
  TYPE_LABEL,
  TYPE_NAME,
} from "./records.ts";

export type Family = "IPv4" | "IPv6";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** Sends a packet: by multicast unless a receiver is given. */
export type Transmit = (bytes: Uint8Array, to?: Endpoint) => void;

export interface StationDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly link: { readonly name: string; readonly isLoopback: boolean };
  readonly nominate: (nomination: Nomination) => void;
  /** Another host uses this node's unique names: its id is in use elsewhere. */
  readonly onConflict: (source: string) => void;
}

/** One protocol of a link. */
interface Path {
  readonly transmit: Transmit;
  readonly answers: AnswerSchedule;
  readonly echoes: Echoes;
  /** When the last question was sent by it. */
  askedMs: number;
}

/** A question of another host whose known answers continue in further packets. */
interface OpenQuestion {
  readonly source: string;
  readonly atMs: number;
}

export const MDNS_PORT = 5353;
/** RFC 6762 section 7.2: known answers in further packets follow at once. */
const QUESTION_OPEN_MS = 500;
const TYPE_QUESTION: Question = { name: TYPE_NAME, type: "PTR", unicast: false };

/**
 * Multicast DNS on one network link (RFC 6762, RFC 6763): announces this node, answers questions,
 * looks for other nodes and nominates them. It handles packets, not sockets.
 */
export class Station {
  readonly #deps: StationDeps;
  readonly #paths = new Map<Family, Path>();
  readonly #cache: ServiceCache;
  readonly #followUps: FollowUps;
  readonly #questions: QuestionSchedule;
  /** The last nomination of an instance. */
  readonly #nominated = new Map<string, string>();
  readonly #responses: RecentPackets;
  #announcement: Announcement | undefined;
  #own: readonly DnsRecord[] = [];
  #openQuestion: OpenQuestion | undefined;
  #conflictKnown = false;

  constructor(deps: StationDeps) {
    this.#deps = deps;
    this.#cache = new ServiceCache((instance) => {
      this.#nominated.delete(instance);
      this.#followUps.forget(instance);
    });
    this.#responses = new RecentPackets(deps.clock);
    this.#questions = new QuestionSchedule(deps, () => this.#ask());
    this.#followUps = new FollowUps(
      deps,
      () => this.#services().filter(({ complete }) => !complete),
      (questions) => {
        for (const packet of writeQuery(questions)) this.#multicast(packet);
      },
    );
  }

  /** A socket is open: announces and asks on it. */
  attach(family: Family, transmit: Transmit): void {
    this.detach(family);
    const send = (answers: readonly DnsRecord[], additionals: readonly DnsRecord[]) =>
      this.#send(path, writeResponse(answers, additionals));
    const path: Path = {
      transmit,
      answers: new AnswerSchedule({ ...this.#deps, send }),
      echoes: new Echoes(this.#deps.clock),
      askedMs: Number.NEGATIVE_INFINITY,
    };
    this.#paths.set(family, path);
    path.answers.replace(this.#own);
    path.answers.announceAgain();
    this.#questions.start();
  }

  detach(family: Family): void {
    this.#paths.get(family)?.answers.stop();
    this.#paths.delete(family);
  }

  /** From now on these records announce this node on the link. */
  announce(announcement: Announcement, records: readonly DnsRecord[]): void {
    const before = this.#announcement?.role;
    this.#announcement = announcement;
    // A node that has lost its hub needs another one now, not at the next interval.
    if (announcement.role === "discovering" && before === "worker") this.#questions.start();
    if (Bun.deepEquals(records, this.#own)) return;
    const places = (all: readonly DnsRecord[]) =>
      all.filter(({ type }) => type !== "TXT").map(identityOf);
    const moved = !Bun.deepEquals(places(records), places(this.#own));
    // A hub announces its role unasked. A node that has found a hub only answers questions.
    const isNews = moved || [before, announcement.role].includes("hub");
    this.#own = records;
    for (const { answers } of this.#paths.values()) {
      answers.replace(records, isNews);
      // A role is only a hint, which the handshake repeats: announced once. An address is announced
      // twice.
      if (moved) answers.announceAgain();
    }
  }

  /** Nominates every known node, and asks for more, unless others do. */
  refresh(): void {
    for (const service of this.#services()) this.#nominate(service);
    this.#questions.askSoon();
  }

  /** A packet is decoded only if it contains one of these labels. */
  labels(kind: PacketKind): readonly string[] {
    const { nodeId } = this.#announcement ?? {};
    if (kind === "query") return [TYPE_LABEL, "_dns-sd", ...(nodeId === undefined ? [] : [nodeId])];
    // A host's addresses may arrive in a packet of their own.
    return [TYPE_LABEL, ...this.#followUps.awaitedHosts];
  }

  /** Whether the sender has been known here for a while. */
  isSettled(source: string): boolean {
    return this.#cache.isSettled(source, this.#deps.clock.monotonicMs());
  }

  /** Whether it is a looped-back packet of this node; each comes back once. */
  isEcho(family: Family, bytes: Uint8Array): boolean {
    return this.#paths.get(family)?.echoes.take(bytes) ?? false;
  }

  /** Whether this response was read a moment ago, and nothing has changed since. */
  isRepeated(bytes: Uint8Array): boolean {
    return this.#responses.has(bytes);
  }

  receive(family: Family, bytes: Uint8Array, from: Endpoint): void {
    const path = this.#paths.get(family);
    if (!path || this.isRepeated(bytes)) return;
    const message = readMessage(bytes);
    if (message?.isResponse) this.#readResponse(path, message, bytes, from);
    else if (message && from.port !== MDNS_PORT) {
      const packet = legacyAnswer(path.answers, message);
      if (packet) this.#send(path, packet, from);
    } else if (message) this.#readQuery(path, message, from);
  }

  /** Withdraws the announcement. */
  sayGoodbye(): void {
    const goodbye = goodbyeOf(this.#own);
    if (goodbye.length > 0) this.#multicast(writeResponse(goodbye));
  }

  stop(): void {
    this.#followUps.stop();
    this.#questions.stop();
    for (const family of [...this.#paths.keys()]) this.detach(family);
  }

  #services(): readonly CachedService[] {
    return this.#cache.services(this.#deps.clock.monotonicMs());
  }

  /** By each protocol once, then alternately: few hosts receive neither. */
  #ask(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const known = this.#cache.knownPointers(nowMs).slice(0, LIMITS.mdnsKnownAnswersMax);
    const packets = writeQuery([TYPE_QUESTION], known);
    const paths = [...this.#paths.values()].toSorted((a, b) => a.askedMs - b.askedMs);
    const unasked = paths.filter(({ askedMs }) => askedMs === Number.NEGATIVE_INFINITY);
    for (const path of unasked.length > 0 ? unasked : paths.slice(0, 1)) {
      path.askedMs = nowMs;
      for (const packet of packets) this.#send(path, packet);
    }
  }

  #readQuery(path: Path, message: Message, from: Endpoint): void {
    path.answers.withdraw(message.answers, from.address);
    this.#shareQuestion(message, from.address);
    const isHub = this.#announcement?.role === "hub";
    const direct = answerQuery(path.answers, message, { asker: from.address, isHub });
    if (direct.length > 0) {
      this.#send(path, writeResponse(direct, path.answers.additionalsTo(direct)), from);
    }
  }

  /**
   * A question of another host whose answers will contain everything that this node would ask for.
   */
  #shareQuestion({ questions, answers, truncated }: Message, source: string): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const open = this.#openQuestion;
    const goesOn = open?.source === source && nowMs - open.atMs < QUESTION_OPEN_MS;
    const asks = questions.some(
      ({ name, type, unicast }) => name === TYPE_NAME && type === "PTR" && !unicast,
    );
    if (!asks && !goesOn) return;
    if (goesOn) this.#openQuestion = undefined;
    const knowsNoMore = answers.every(
      ({ type, data }) =>
        type !== "PTR" || data === this.#instance || this.#cache.isComplete(data, nowMs),
    );
    if (!knowsNoMore) return;
    if (truncated) this.#openQuestion = { source, atMs: nowMs };
    else this.#questions.hear();
  }

  #readResponse(path: Path, message: Message, bytes: Uint8Array, from: Endpoint): void {
    const records = [...message.answers, ...message.additionals];
    if (records.some(({ ttl }) => ttl === 0)) this.#responses.clear();
    path.answers.heard(message.answers);
    const nowMs = this.#deps.clock.monotonicMs();
    for (const service of this.#cache.observe(records, from.address, nowMs)) {
      const known = this.#nominated.get(service.instance);
      if (!service.complete) this.#followUps.wake();
      else this.#nominate(service, true);
      // An earlier statement may be repeated, and be valid again.
      const isChanged = known !== undefined && known !== this.#nominated.get(service.instance);
      if (isChanged) this.#responses.clear();
    }
    if (records.every(({ ttl }) => ttl > 0)) this.#responses.add(bytes);
  }

  #nominate(service: CachedService, onlyNews = false): void {
    const own = this.#announcement?.addresses ?? [];
    const nomination = nominationOf(service, this.#deps.link, own);
    if (!nomination || this.#isOurs(service, nomination)) return;
    // The family of the last packet, IPv4 or IPv6, is not a change.
    const hosts = nomination.addresses.map(({ host }) => host).toSorted();
    const text = JSON.stringify([service.port, service.text, hosts]);
    if (onlyNews && this.#nominated.get(service.instance) === text) return;
    this.#nominated.set(service.instance, text);
    this.#deps.nominate(nomination);
  }

  /**
   * This node's own announcement, heard through another interface. Another start with this id is
   * not.
   */
  #isOurs({ instance, source }: CachedService, { bootId }: Nomination): boolean {
    if (instance !== this.#instance) return false;
    if (bootId === this.#announcement?.bootId) return true;
    if (!this.#conflictKnown) this.#deps.onConflict(source);
    this.#conflictKnown = true;
    return false;
  }

  /** This node's own service. */
  get #instance(): string | undefined {
    return this.#announcement && instanceName(this.#announcement.nodeId);
  }

  #multicast(bytes: Uint8Array): void {
    for (const path of this.#paths.values()) this.#send(path, bytes);
  }

  #send(path: Path, bytes: Uint8Array, to?: Endpoint): void {
    if (to === undefined) path.echoes.add(bytes);
    path.transmit(bytes, to);
  }
}
