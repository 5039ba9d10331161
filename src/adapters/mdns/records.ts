import { isIPv6 } from "node:net";
import type { Address, Announcement } from "../../discovery/backend.ts";
import { hintsOf } from "../../discovery/hints.ts";

/** The DNS-SD service type: `_tankd._tcp` (RFC 6763 section 7). */
export const TYPE_NAME = "_tankd._tcp.local";
/** The label that distinguishes packets about tankd. */
export const TYPE_LABEL = "_tankd";
/** The name at which browsers ask for service types (RFC 6763 section 9). */
export const META_NAME = "_services._dns-sd._udp.local";
/** RFC 6762 section 10: 75 minutes for most records, 2 minutes for those with a host's name. */
const TTL_SECONDS = 4500;
const HOST_TTL_SECONDS = 120;

interface RecordHead {
  /** In lower case, without a final dot. */
  readonly name: string;
  readonly ttl: number;
  /** The cache-flush bit (RFC 6762 section 10.2): the whole record set belongs to the sender. */
  readonly flush: boolean;
}

/** The resource records that DNS-SD needs, for reading and writing. */
export type DnsRecord =
  | (RecordHead & { readonly type: "PTR" | "A" | "AAAA"; readonly data: string })
  | (RecordHead & { readonly type: "SRV"; readonly data: { port: number; target: string } })
  | (RecordHead & { readonly type: "TXT"; readonly data: readonly string[] })
  | (RecordHead & {
      readonly type: "NSEC";
      readonly data: { nextDomain: string; rrtypes: string[] };
    });

/** Identity of a record: name, type and data (RFC 6762 section 7.1 compares no more). */
export function identityOf({ name, type, data }: DnsRecord): string {
  return `${type} ${name} ${JSON.stringify(data)}`;
}

/** Whether two have the same {@link identityOf}, without building the text. */
export function isSame(a: DnsRecord, b: DnsRecord): boolean {
  return a.type === b.type && a.name === b.name && Bun.deepEquals(a.data, b.data);
}

/** The name and type that records of one set share. */
export function setOf({ name, type }: DnsRecord): string {
  return `${type} ${name}`;
}

export function instanceName(nodeId: string): string {
  return `${nodeId}.${TYPE_NAME}`;
}

/**
 * All records that announce this node on one link; none if there is nothing to dial there. The
 * names of instance and host are the node id, which is unique, so nothing is probed for (RFC 6762
 * section 8.1), and no other name of this machine is affected.
 * @param addresses IP literals without zones, all at the port of the first.
 */
export function recordsOf(
  announcement: Announcement,
  addresses: readonly Address[],
): readonly DnsRecord[] {
  const [first] = addresses;
  if (!first) return [];
  const { port } = first;
  const instance = instanceName(announcement.nodeId);
  const host = `${announcement.nodeId}.local`;
  const hosts = addresses.filter((one) => one.port === port).map((one) => one.host);
  const types = [...new Set(hosts.map(addressType))];
  const long = { ttl: TTL_SECONDS, flush: true };
  const short = { ttl: HOST_TTL_SECONDS, flush: true };
  return [
    { name: TYPE_NAME, type: "PTR", ttl: TTL_SECONDS, flush: false, data: instance },
    { name: instance, type: "SRV", ...short, data: { port, target: host } },
    { name: instance, type: "TXT", ...long, data: textOf(announcement) },
    { name: META_NAME, type: "PTR", ttl: TTL_SECONDS, flush: false, data: TYPE_NAME },
    ...hosts.map((one): DnsRecord => ({ name: host, type: addressType(one), ...short, data: one })),
    // The types that do not exist (RFC 6762 section 6.1): nobody waits for an address of the other
    // family.
    { name: host, type: "NSEC", ...short, data: { nextDomain: host, rrtypes: types } },
    {
      name: instance,
      type: "NSEC",
      ...long,
      data: { nextDomain: instance, rrtypes: ["TXT", "SRV"] },
    },
  ];
}

/** The same records with a TTL of zero (RFC 6762 section 10.1); shared ones are left out. */
export function goodbyeOf(records: readonly DnsRecord[]): readonly DnsRecord[] {
  return records
    .filter(({ name, type }) => name !== META_NAME && type !== "NSEC")
    .map((record) => ({ ...record, ttl: 0 }));
}

function addressType(address: string): "A" | "AAAA" {
  return isIPv6(address) ? "AAAA" : "A";
}

function textOf(announcement: Announcement): readonly string[] {
  const hints = Object.entries(hintsOf(announcement)).map(([key, value]) => `${key}=${value}`);
  // RFC 6763 section 6.7: the version of the keys comes first.
  return ["txtvers=1", ...hints];
}
