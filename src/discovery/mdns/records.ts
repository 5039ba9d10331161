import { isIPv6 } from "node:net";
import type { Service, ServiceReferer } from "bonjour-service";
import type { Address, Announcement, Nomination } from "../backend.ts";

/** The DNS-SD service type (CONTRACT, "DNS-SD"): `_tankd._tcp`. */
export const SERVICE_TYPE = "tankd";
const TYPE_NAME = `_${SERVICE_TYPE}._tcp.local`;
const META_NAME = "_services._dns-sd._udp.local";
/** RFC 6762 section 10: 75 minutes for most records, 2 minutes for those with a host's name. */
const TTL_SECONDS = 4500;
const HOST_TTL_SECONDS = 120;

/** A resource record in the form of the dns-packet module. */
export interface DnsRecord {
  readonly name: string;
  readonly type: "PTR" | "SRV" | "TXT" | "A" | "AAAA";
  readonly ttl: number;
  /** The records of an instance that are its own, so that caches replace older ones. */
  readonly flush?: boolean;
  readonly data: unknown;
}

/**
 * All records that announce this node; none when there is nothing to dial. The instance's name and
 * its host's name are the node id: unique by its nature, so nothing needs to be probed for
 * (RFC 6762 section 8.1), and no other name of this machine is touched.
 */
export function recordsOf(announcement: Announcement): readonly DnsRecord[] {
  const [first] = announcement.addresses;
  if (!first) return [];
  const instance = `${announcement.nodeId}.${TYPE_NAME}`;
  const host = `${announcement.nodeId}.local`;
  const hosts = announcement.addresses.filter(({ port }) => port === first.port);
  return [
    { name: TYPE_NAME, type: "PTR", ttl: TTL_SECONDS, data: instance },
    {
      name: instance,
      type: "SRV",
      ttl: HOST_TTL_SECONDS,
      flush: true,
      data: { port: first.port, target: host },
    },
    { name: instance, type: "TXT", ttl: TTL_SECONDS, flush: true, data: textOf(announcement) },
    { name: META_NAME, type: "PTR", ttl: TTL_SECONDS, data: TYPE_NAME },
    ...hosts.map(({ host: address }): DnsRecord => {
      const type = isIPv6(address) ? "AAAA" : "A";
      return { name: host, type, ttl: HOST_TTL_SECONDS, flush: true, data: address };
    }),
  ];
}

/** The same records with a TTL of zero: a goodbye (RFC 6762 section 10.1). */
export function goodbyeOf(records: readonly DnsRecord[]): readonly DnsRecord[] {
  return records
    .filter((record) => record.name !== META_NAME)
    .map((record) => ({ ...record, ttl: 0 }));
}

function textOf(announcement: Announcement): readonly string[] {
  return [
    // RFC 6763 section 6.7: the version of the keys comes first.
    "txtvers=1",
    `id=${announcement.nodeId}`,
    `cluster=${announcement.cluster}`,
    `role=${announcement.role}`,
    `prio=${announcement.priority}`,
    `v=${announcement.version}`,
  ];
}

/**
 * What a service that was seen amounts to. The address from which its packet came is dialled first
 * where it is one of the announced ones: on a machine with several networks that is the shared one.
 */
export function nominationOf(service: Service): Nomination | undefined {
  const txt: unknown = service.txt;
  const id = textValue(txt, "id");
  const cluster = textValue(txt, "cluster");
  const hosts = orderHosts(service.addresses ?? [], service.referer);
  if (hosts.length === 0) return undefined;
  const addresses = hosts.map((host): Address => ({ host, port: service.port }));
  return {
    backend: "mdns",
    addresses,
    ...(id === undefined ? {} : { nodeId: id }),
    ...(cluster === undefined ? {} : { cluster }),
  };
}

function orderHosts(
  announced: readonly string[],
  referer: ServiceReferer | undefined,
): readonly string[] {
  const near = referer?.address;
  if (near === undefined || !announced.includes(near)) return [...new Set(announced)];
  return [...new Set([near, ...announced])];
}

function textValue(txt: unknown, key: string): string | undefined {
  if (typeof txt !== "object" || txt === null) return undefined;
  const value: unknown = Reflect.get(txt, key);
  return typeof value === "string" && value !== "" ? value : undefined;
}
