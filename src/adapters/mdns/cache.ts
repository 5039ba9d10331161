import { isIP } from "node:net";
import { LIMITS } from "../../platform/limits.ts";
import { type DnsRecord, TYPE_NAME } from "./records.ts";

/** A discovered service of tankd's type, as far as its records are known. */
export interface CachedService {
  /** The full name, in lower case. */
  readonly instance: string;
  /** The IP address that last sent something new about it. */
  readonly source: string;
  readonly port: number | undefined;
  /** The strings of its TXT record. */
  readonly text: readonly string[] | undefined;
  /** The name of its host. */
  readonly target: string | undefined;
  readonly addresses: readonly string[];
  /** Whether it has all records that are needed to dial it. */
  readonly complete: boolean;
}

interface Entry {
  readonly instance: string;
  source: string;
  /** When it was first heard of. */
  readonly firstMs: number;
  pointer: { readonly ttl: number; readonly untilMs: number } | undefined;
  server: { readonly port: number; readonly host: Host; readonly untilMs: number } | undefined;
  text: { readonly strings: readonly string[]; readonly untilMs: number } | undefined;
}

interface Host {
  readonly name: string;
  /** By address. */
  readonly addresses: Map<string, { readonly heardMs: number; readonly untilMs: number }>;
  /** Its services. */
  readonly services: Set<Entry>;
}

/** RFC 6762 sections 10.1 and 10.2: withdrawn or replaced records stay for another second. */
const GRACE_MS = 1_000;
/**
 * A sender that was known for this long, with no more services than a machine runs, is not a flood.
 */
const SETTLED_MS = 10_000;
const SETTLED_SERVICES_MAX = 8;
/** Minimum interval of the search for expired records, which costs time for each service. */
const EXPIRY_CHECK_MS = 1_000;
const INSTANCE_BYTES_MAX = 64 + TYPE_NAME.length;

/**
 * The services of tankd's type that one link has announced (RFC 6762 section 10). Bounded per
 * source and in total: the excess of a source replaces its own newest services, never those of
 * others.
 */
export class ServiceCache {
  readonly #entries = new Map<string, Entry>();
  readonly #hosts = new Map<string, Host>();
  /** Services by their source. */
  readonly #bySource = new Map<string, Set<Entry>>();
  /** Called for each service that is no longer there. */
  readonly #onForget: (instance: string) => void;
  #expiredMs = Number.NEGATIVE_INFINITY;

  constructor(onForget: (instance: string) => void) {
    this.#onForget = onForget;
  }

  /** Adds the records of one response; returns the services that they concern. */
  observe(records: readonly DnsRecord[], source: string, nowMs: number): readonly CachedService[] {
    if (nowMs - this.#expiredMs >= EXPIRY_CHECK_MS) this.#expire(nowMs);
    const touched = new Set<Entry>();
    // A host's addresses are kept only once a service refers to it.
    for (const record of records) {
      const entry = this.#observeService(record, source, nowMs);
      if (entry) touched.add(entry);
    }
    for (const record of records) {
      for (const entry of this.#observeAddress(record, nowMs)?.services ?? []) touched.add(entry);
    }
    return [...touched]
      .filter(({ instance }) => this.#entries.has(instance))
      .map((entry) => view(entry, nowMs));
  }

  /** Every present service. */
  services(nowMs: number): readonly CachedService[] {
    this.#expire(nowMs);
    return [...this.#entries.values()].map((entry) => view(entry, nowMs));
  }

  /** Pointers to complete services, with their remaining TTLs: the known answers. */
  knownPointers(nowMs: number): readonly DnsRecord[] {
    this.#expire(nowMs);
    return [...this.#entries.values()].flatMap((entry) => {
      const { instance, pointer } = entry;
      const leftMs = (pointer?.untilMs ?? 0) - nowMs;
      // RFC 6762 section 7.1: in the second half of its TTL it must be asked for.
      if (!pointer || leftMs < pointer.ttl * 500 || !view(entry, nowMs).complete) return [];
      const ttl = Math.floor(leftMs / 1000);
      return [{ name: TYPE_NAME, type: "PTR", ttl, flush: false, data: instance }];
    });
  }

  /** Whether a service has all that is needed to dial it. */
  isComplete(instance: string, nowMs: number): boolean {
    const entry = this.#entries.get(instance);
    return entry !== undefined && view(entry, nowMs).complete;
  }

  /**
   * Whether a source has been known for long enough, with few enough services, not to be a flood.
   */
  isSettled(source: string, nowMs: number): boolean {
    const own = this.#bySource.get(source);
    if (!own || own.size > SETTLED_SERVICES_MAX) return false;
    for (const { firstMs } of own) if (nowMs - firstMs >= SETTLED_MS) return true;
    return false;
  }

  #observeService(record: DnsRecord, source: string, nowMs: number): Entry | undefined {
    const { type } = record;
    const untilMs = endOf(record, nowMs);
    if (type === "PTR" && record.name === TYPE_NAME) {
      const entry = this.#entryOf(record.data, source, nowMs, record.ttl);
      if (entry) entry.pointer = { ttl: record.ttl, untilMs };
      return entry;
    }
    if (type === "TXT") {
      const entry = this.#entryOf(record.name, source, nowMs, record.ttl);
      if (entry) entry.text = { strings: record.data, untilMs };
      return entry;
    }
    if (type !== "SRV") return undefined;
    const entry = this.#entryOf(record.name, source, nowMs, record.ttl);
    if (!entry) return undefined;
    if (entry.server?.host.name !== record.data.target) this.#release(entry);
    const host = this.#acquire(record.data.target, entry);
    entry.server = { port: record.data.port, host, untilMs };
    return entry;
  }

  #observeAddress(record: DnsRecord, nowMs: number): Host | undefined {
    if (record.type !== "A" && record.type !== "AAAA") return undefined;
    const host = this.#hosts.get(record.name);
    const family = record.type === "A" ? 4 : 6;
    if (!host || isIP(record.data) !== family) return undefined;
    const { addresses } = host;
    if (record.flush && record.ttl > 0) {
      for (const [address, { heardMs }] of addresses) {
        if (isIP(address) === family && heardMs < nowMs - GRACE_MS) addresses.delete(address);
      }
    }
    addresses.delete(record.data);
    if (addresses.size < LIMITS.addressesPerServerMax) {
      addresses.set(record.data, { heardMs: nowMs, untilMs: endOf(record, nowMs) });
    }
    return host;
  }

  /** The service of that name; a new one unless it is only withdrawn. */
  #entryOf(instance: string, source: string, nowMs: number, ttl: number): Entry | undefined {
    const known = this.#entries.get(instance);
    if (known && isOver(known, nowMs)) this.#forget(known);
    else if (known) {
      if (known.source !== source) this.#assign(known, source);
      return known;
    }
    const named = instance.endsWith(`.${TYPE_NAME}`) && instance.length <= INSTANCE_BYTES_MAX;
    if (!named || ttl === 0) return undefined;
    this.#makeRoom(source);
    const entry: Entry = {
      instance,
      source,
      firstMs: nowMs,
      pointer: undefined,
      server: undefined,
      text: undefined,
    };
    this.#entries.set(instance, entry);
    this.#assign(entry, source);
    return entry;
  }

  #assign(entry: Entry, source: string): void {
    this.#unassign(entry);
    entry.source = source;
    const own = this.#bySource.get(source) ?? new Set();
    this.#bySource.set(source, own.add(entry));
  }

  #unassign(entry: Entry): void {
    const own = this.#bySource.get(entry.source);
    if (own?.delete(entry) && own.size === 0) this.#bySource.delete(entry.source);
  }

  #makeRoom(source: string): void {
    const own = this.#bySource.get(source);
    if (own && own.size >= LIMITS.mdnsServicesPerSourceMax) {
      this.#forget(newestOf(own));
    } else if (this.#entries.size >= LIMITS.mdnsServicesMax) {
      const sources = [...this.#bySource.values()];
      this.#forget(newestOf(sources.reduce((a, b) => (b.size > a.size ? b : a))));
    }
  }

  #forget(entry: Entry | undefined): void {
    if (!entry) return;
    this.#entries.delete(entry.instance);
    this.#unassign(entry);
    this.#release(entry);
    this.#onForget(entry.instance);
  }

  #acquire(name: string, entry: Entry): Host {
    const host = this.#hosts.get(name) ?? { name, addresses: new Map(), services: new Set() };
    host.services.add(entry);
    this.#hosts.set(name, host);
    return host;
  }

  #release(entry: Entry): void {
    const host = entry.server?.host;
    if (host?.services.delete(entry) && host.services.size === 0) this.#hosts.delete(host.name);
  }

  #expire(nowMs: number): void {
    this.#expiredMs = nowMs;
    for (const entry of this.#entries.values()) if (isOver(entry, nowMs)) this.#forget(entry);
  }
}

function endOf({ ttl }: DnsRecord, nowMs: number): number {
  return nowMs + (ttl === 0 ? GRACE_MS : ttl * 1000);
}

function isOver({ pointer, server, text }: Entry, nowMs: number): boolean {
  const isLive = (record: { readonly untilMs: number } | undefined) =>
    record !== undefined && record.untilMs > nowMs;
  return !isLive(pointer) && !isLive(server) && !isLive(text);
}

function newestOf(entries: Iterable<Entry>): Entry | undefined {
  let newest: Entry | undefined;
  for (const entry of entries) if (!newest || entry.firstMs >= newest.firstMs) newest = entry;
  return newest;
}

function view(entry: Entry, nowMs: number): CachedService {
  const live = <T extends { readonly untilMs: number }>(record: T | undefined) =>
    record && record.untilMs > nowMs ? record : undefined;
  const server = live(entry.server);
  const text = live(entry.text)?.strings;
  const addresses = [...(server?.host.addresses ?? [])]
    .filter(([, { untilMs }]) => untilMs > nowMs)
    .map(([address]) => address);
  return {
    instance: entry.instance,
    source: entry.source,
    port: server?.port,
    text,
    target: server?.host.name,
    addresses,
    complete: server !== undefined && text !== undefined && addresses.length > 0,
  };
}
