import { isIpLiteral } from "../../platform/ip-literal.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Network } from "../../platform/network.ts";
import type { Random } from "../../platform/random.ts";
import { sleep, type Timers } from "../../platform/timers.ts";
import { addressesIn, type HostsFile } from "./hosts-file.ts";
import type { DnsName } from "./name.ts";
import { type Place, placesEach, placesTogether, uniquePlaces } from "./places.ts";
import type {
  AddressRecord,
  DnsAnswer,
  DnsFailure,
  DnsQuestions,
  ServiceRecord,
} from "./questions.ts";

/** The result of one lookup of a name. */
export type DnsLook = DnsPlaces | { readonly kind: "none" } | DnsFailure;

export interface DnsPlaces {
  readonly kind: "found";
  readonly places: readonly Place[];
  /** The source of the places. */
  readonly by: "SRV" | "address";
  /** The total number of places; the excess was left out. */
  readonly total: number;
  /** Targets of a service without a known address. */
  readonly withoutAddress: number;
  /** The shortest TTL of the answers; undefined if none has one. */
  readonly ttlMs: number | undefined;
}

export interface LookUpDeps {
  readonly timers: Timers;
  readonly random: Random;
  readonly questions: Pick<DnsQuestions, "services" | "addresses">;
  readonly hosts: HostsFile;
  /** The system's resolution of a name: search domains, multicast DNS. */
  readonly resolve: Network["resolve"];
}

/** Turns addresses into places: each is another node, or all are one. */
type Placing = typeof placesEach;

/** How long the service's answer is awaited once the addresses are known. */
const SERVICE_PATIENCE_MS = 300;
const NONE = { kind: "none" } as const;
const NO_ADDRESSES: DnsFailure = {
  kind: "failed",
  reason: "its SRV records name targets without an address: add A or AAAA records",
  isSilent: false,
};

/**
 * Resolves a name: to the targets of its service, each of which is one node, or else to its own
 * addresses, each of which may be one. Names in the machine's hosts file are not asked for
 * elsewhere.
 */
export async function lookUp(name: DnsName, deps: LookUpDeps): Promise<DnsLook> {
  const { host, service, port } = name;
  if (port === undefined) return service === undefined ? NONE : lookUpService(service, deps);
  const listed = addressesIn(deps.hosts, host);
  if (listed !== undefined) return ofAddresses(listed, port, placesEach);
  const byAddress = lookUpHost(host, port, deps);
  if (service === undefined) return byAddress;
  const byService = lookUpService(service, deps);
  const over = new AbortController();
  const patience = byAddress.then(async ({ kind }) => {
    if (kind !== "found") return byService;
    await sleep(deps.timers, SERVICE_PATIENCE_MS, over.signal);
    return NONE;
  });
  const look = await Promise.race([byService, patience]);
  over.abort();
  return look.kind === "found" ? look : byAddress;
}

async function lookUpHost(host: string, port: number, deps: LookUpDeps): Promise<DnsLook> {
  const answer = await deps.questions.addresses(host);
  if (answer.kind === "found") return ofAnswer(answer, port, placesEach);
  // If a name server is silent, the system's resolution would be silent too, and block a thread.
  if (answer.kind === "failed" && answer.isSilent) return answer;
  const found = await deps.resolve(host).catch(() => []);
  return found.length > 0 ? ofAddresses(found, port, placesEach) : answer;
}

async function lookUpService(service: string, deps: LookUpDeps): Promise<DnsLook> {
  const answer = await deps.questions.services(service);
  if (answer.kind !== "found") return answer;
  const all = inOrder(answer.records, deps.random);
  const targets = all.slice(0, LIMITS.dnsPlacesMax);
  const looks = await Promise.all(targets.map((target) => lookUpTarget(target, deps)));
  const found = looks.filter((look) => look.kind === "found");
  if (found.length === 0) {
    const failure = looks.find((look) => look.kind === "failed");
    // The root as the only target means that the service is not available (RFC 2782).
    return failure ?? (looks.length === 0 ? NONE : NO_ADDRESSES);
  }
  return {
    kind: "found",
    places: uniquePlaces(found.flatMap(({ places }) => places)),
    by: "SRV",
    total: all.length,
    withoutAddress: looks.length - found.length,
    ttlMs: shortest(found.flatMap(({ ttlMs }) => ttlMs ?? [])),
  };
}

/** The lowest priority first, and within one priority in random order by weight (RFC 2782). */
function inOrder(records: readonly ServiceRecord[], random: Random): readonly ServiceRecord[] {
  return records
    .filter(({ name, port }) => name !== "" && name !== "." && port > 0)
    .map((record) => ({ record, draw: random.unit() ** (1 / (record.weight + 1)) }))
    .sort((a, b) => a.record.priority - b.record.priority || b.draw - a.draw)
    .map(({ record }) => record);
}

async function lookUpTarget(
  { name, port }: ServiceRecord,
  { questions, hosts }: LookUpDeps,
): Promise<DnsLook> {
  const known = isIpLiteral(name) ? [name] : addressesIn(hosts, name);
  if (known !== undefined) return ofAddresses(known, port, placesTogether);
  const answer = await questions.addresses(name);
  return answer.kind === "found" ? ofAnswer(answer, port, placesTogether) : answer;
}

function ofAnswer(
  { records }: Extract<DnsAnswer<AddressRecord>, { readonly kind: "found" }>,
  port: number,
  placing: Placing,
): DnsLook {
  const ttlMs = shortest(records.map((record) => record.ttlMs));
  return ofAddresses(
    records.map(({ address }) => address),
    port,
    placing,
    ttlMs,
  );
}

function ofAddresses(
  addresses: readonly string[],
  port: number,
  placing: Placing,
  ttlMs?: number,
): DnsLook {
  if (addresses.length === 0) return NONE;
  const places = placing(addresses, port);
  return { kind: "found", places, by: "address", total: places.length, withoutAddress: 0, ttlMs };
}

function shortest(timesMs: readonly number[]): number | undefined {
  // From the 257th address on there is no TTL, whatever the types say.
  const known = timesMs.filter(Number.isFinite);
  return known.length === 0 ? undefined : Math.min(...known);
}
