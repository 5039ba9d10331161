import { BlockList, isIP } from "node:net";
import { isLinkLocal, isLoopback, usableInterfaceAddresses } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import type { InterfaceAddress } from "../../platform/machine.ts";

/** A network interface on which multicast DNS runs. */
export interface Link {
  readonly name: string;
  readonly isLoopback: boolean;
  /** A change means another card under the old name. */
  readonly index: number | undefined;
  readonly addresses: readonly InterfaceAddress[];
  /** The networks on it by family; undefined if the system does not report prefix lengths. */
  readonly members: Members;
  /** The networks on the other interfaces of this machine, as far as the system reports them. */
  readonly elsewhere: Members;
}

type Members = Readonly<Record<InterfaceAddress["family"], BlockList | undefined>>;

/** The usable interfaces; loopback only on a machine that has nothing else. */
export function linksOf(
  interfaces: readonly InterfaceAddress[],
  defaultRouteInterface: string | undefined,
): readonly Link[] {
  const usable = usableInterfaceAddresses({ interfaces, defaultRouteInterface });
  const outside = usable.filter(({ address }) => !isLoopback(address));
  const used = outside.length > 0 ? outside : usable;
  const names = [...new Set(used.map(({ interfaceName }) => interfaceName))];
  return names.map((name) => {
    const addresses = interfaces.filter(({ interfaceName }) => interfaceName === name);
    const index = addresses.find(({ interfaceIndex }) => interfaceIndex !== undefined);
    const isLoopbackLink = outside.length === 0;
    const others = interfaces.filter(
      ({ interfaceName, prefixLength }) => interfaceName !== name && prefixLength !== undefined,
    );
    return {
      name,
      isLoopback: isLoopbackLink,
      index: index?.interfaceIndex,
      addresses,
      members: membersOf(addresses),
      elsewhere: membersOf(others),
    };
  });
}

/** The IPv4 address by which a socket names the interface. */
export function ipv4Of({ addresses }: Link): string | undefined {
  return addresses.find(({ family }) => family === "IPv4")?.address;
}

/** Loopback has multicast by IPv4 only. */
export function hasIpv6({ isLoopback: loopback, addresses }: Link): boolean {
  return !loopback && addresses.some(({ family }) => family === "IPv6");
}

/**
 * Whether a sender is on the link itself (RFC 6762 section 11): packets from elsewhere are ignored.
 * If the system does not report prefix lengths, every sender is.
 */
export function isOnLink(link: Link, sender: string): boolean {
  const [plain = "", zone] = sender.split("%", 2);
  const family = isIP(plain) === 4 ? "IPv4" : "IPv6";
  if (family === "IPv6" && isLinkLocal(plain)) return zone === undefined || zone === link.name;
  const members = link.members[family];
  return members === undefined || members.check(plain, typeOf(family));
}

/**
 * Whether a packet has arrived on another interface of this machine. Linux delivers a packet for a
 * group to every socket of its port, whichever interface that joined on (`IP_MULTICAST_ALL`).
 */
export function isFromElsewhere(link: Link, sender: string): boolean {
  const [plain = "", zone] = sender.split("%", 2);
  if (zone !== undefined) return zone !== link.name;
  const family = isIP(plain) === 4 ? "IPv4" : "IPv6";
  if (family === "IPv6" && isLinkLocal(plain)) return false;
  const { members, elsewhere } = link;
  if (members[family]?.check(plain, typeOf(family)) ?? true) return false;
  return elsewhere[family]?.check(plain, typeOf(family)) ?? false;
}

function membersOf(addresses: readonly InterfaceAddress[]): Members {
  return { IPv4: membersBy("IPv4", addresses), IPv6: membersBy("IPv6", addresses) };
}

function membersBy(
  family: InterfaceAddress["family"],
  addresses: readonly InterfaceAddress[],
): BlockList | undefined {
  const list = new BlockList();
  for (const { address, prefixLength, ...one } of addresses) {
    if (one.family !== family) continue;
    if (prefixLength === undefined) return undefined;
    list.addSubnet(address, prefixLength, typeOf(family));
  }
  return list;
}

function typeOf(family: InterfaceAddress["family"]): "ipv4" | "ipv6" {
  return family === "IPv4" ? "ipv4" : "ipv6";
}

/**
 * The announced addresses that are sent on a link (RFC 6762 section 6.2): the link's own ones, and
 * on every link those that the operator gave, which are on no interface. Without zones; names
 * cannot be in address records.
 * @param own every address this machine has, or had a while ago.
 */
export function hostsOn(
  link: Link,
  announced: readonly Address[],
  own: ReadonlySet<string>,
): readonly Address[] {
  const here = new Set(link.addresses.map(({ address }) => address));
  return announced.flatMap(({ host, port }) => {
    const [plain = "", zone] = host.split("%", 2);
    if (isIP(plain) === 0 || (zone !== undefined && zone !== link.name)) return [];
    return here.has(plain) || !own.has(plain) ? [{ host: plain, port }] : [];
  });
}
