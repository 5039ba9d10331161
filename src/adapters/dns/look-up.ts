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

/** What one look at a name has brought. */
export type DnsLook = DnsPlaces | { readonly kind: "none" } | DnsFailure;

export interface DnsPlaces {
  readonly kind: "found";
  readonly places: readonly Place[];
  /** What has named them. */
  readonly by: "SRV" | "address";
  /** Of how many these are the places: of too many so many are left out. */
  readonly total: number;
  /** Of the targets of a service those that nobody knows an address of. */
  readonly withoutAddress: number;
  /** The shortest time that an answer holds; undefined where nobody has said one. */
  readonly ttlMs: number | undefined;
}

export interface LookUpDeps {
  readonly timers: Timers;
  readonly random: Random;
  readonly questions: Pick<DnsQuestions, "services" | "addresses">;
  readonly hosts: HostsFile;
  /** The system's own view of a name: search domains, multicast DNS. */
  readonly resolve: Network["resolve"];
}

/** Makes places of addresses: each another node, or all of one. */
type Placing = typeof placesEach;

/** Where the addresses are known, the service's answer is not waited for any longer. */
const SERVICE_PATIENCE_MS = 300;
const NONE = { kind: "none" } as const;
const NO_ADDRESSES: DnsFailure = {
  kind: "failed",
  reason: "its SRV records name targets without an address: add A or AAAA records",
  isSilent: false,
};

/**
 * Where a name leads: the targets of its service, each of which is one node, or else its own
 * addresses, each of which may be one. What the machine's hosts file says is asked nowhere else.
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
  // A name server that is silent would be silent to the system too, which blocks a thread by it.
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
    // The root alone as target says that the service is decidedly not there.
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

/** The lowest priority first, and those of one priority drawn by their weights (RFC 2782). */
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
  // Of more than 256 addresses the rest comes without one, whatever the types say.
  const known = timesMs.filter(Number.isFinite);
  return known.length === 0 ? undefined : Math.min(...known);
}
