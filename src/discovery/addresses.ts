import { isPlainIpv4, withoutZone } from "../platform/ip-literal.ts";
import { LIMITS } from "../platform/limits.ts";
import type { InterfaceAddress } from "../platform/machine.ts";
import type { Address } from "./backend.ts";

/** What decides under which addresses others should dial this node. */
export interface AdvertisingInputs {
  readonly port: number;
  /** The host that the API listens on; undefined or a wildcard means all addresses. */
  readonly listenHost: string | undefined;
  /** Given by the operator; they replace everything else. */
  readonly advertise: readonly Address[];
  readonly interfaces: readonly InterfaceAddress[];
  readonly defaultRouteInterface: string | undefined;
}

/**
 * Interfaces of containers and virtual machines on this host: other machines cannot dial addresses
 * on them.
 */
const HOST_PLUMBING =
  /^(docker|br-|veth|virbr|cni|podman|lxdbr|lxcbr|incusbr|vboxnet|vmnet|flannel|cali)/;
const WILDCARDS: ReadonlySet<string> = new Set(["", "0.0.0.0", "::", "*"]);

/**
 * The addresses to announce to other nodes, best first. Empty only on a machine without any network
 * interface. Link-local addresses are announced without a zone: each receiver knows which of its
 * own interfaces leads here.
 */
export function advertisedAddresses(inputs: AdvertisingInputs): readonly Address[] {
  const { port, listenHost, advertise } = inputs;
  if (advertise.length > 0) return advertise;
  if (listenHost !== undefined && !WILDCARDS.has(listenHost)) return [{ host: listenHost, port }];
  return usableInterfaceAddresses(inputs)
    .slice(0, LIMITS.addressesPerServerMax)
    .map(({ address }) => ({ host: withoutZone(address), port }));
}

/**
 * The addresses of this machine that are useful to others. Loopback and the host's own plumbing are
 * left out, except plumbing that carries the default route. If that leaves nothing, everything but
 * loopback is used; on a machine that has nothing else, loopback. Interfaces that the operator
 * chose or excluded with `--interfaces` are already filtered here. A link-local address is used
 * only for an interface that has no other. Order: the default route's first, IPv4 before IPv6,
 * link-local last.
 */
export function usableInterfaceAddresses(
  inputs: Pick<AdvertisingInputs, "interfaces" | "defaultRouteInterface">,
): readonly InterfaceAddress[] {
  const { defaultRouteInterface } = inputs;
  const allowed = inputs.interfaces.filter(({ chosen }) => chosen !== false);
  const outside = allowed.filter((one) => !one.internal && !isLoopback(one.address));
  const wanted = outside.filter(
    (one) =>
      one.chosen === true ||
      one.interfaceName === defaultRouteInterface ||
      !HOST_PLUMBING.test(one.interfaceName),
  );
  const found = [wanted, outside, allowed].find((some) => some.length > 0) ?? [];
  const routable = found.filter((one) => !isLinkLocal(one.address));
  const served = new Set(routable.map(({ interfaceName }) => interfaceName));
  return found
    .filter((one) => !isLinkLocal(one.address) || !served.has(one.interfaceName))
    .toSorted((a, b) => rank(a, defaultRouteInterface) - rank(b, defaultRouteInterface));
}

/** An address with its zone, which link-local IPv6 needs (RFC 4007, section 11). */
export function withZone(address: string, interfaceName: string): string {
  const zoned = address.includes(":") && isLinkLocal(address) && !address.includes("%");
  return zoned ? `${address}%${interfaceName}` : address;
}

/**
 * 127.0.0.0/8 and ::1, the names for them, and the unspecified addresses, which also lead to this
 * host.
 */
export function isLoopback(host: string): boolean {
  const plain = plainHost(host) ?? host;
  return /^(127|0)\.\d/.test(plain) || /^(::1?|(.+\.)?localhost)$/.test(plain);
}

/** 169.254.0.0/16 (which contains the metadata services of clouds) and fe80::/10. */
export function isLinkLocal(host: string): boolean {
  return /^(169\.254\.|fe[89ab][0-9a-f]:)/.test(plainHost(host) ?? host);
}

/**
 * A host in the canonical spelling that is dialled: `0x7f.1` and `2130706433` are 127.0.0.1, and so
 * is `::ffff:127.0.0.1`. Undefined for a string that is not a host.
 */
export function plainHost(host: string): string | undefined {
  if (isPlainIpv4(host)) return host;
  const zoneless = withoutZone(host);
  if (!/^[\p{L}\p{N}._:-]+$/u.test(zoneless)) return undefined;
  const bracketed = zoneless.includes(":") ? `[${zoneless}]` : zoneless;
  const parsed = URL.parse(`http://${bracketed}`)?.hostname;
  return parsed && mappedIpv4(parsed.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, ""));
}

/** IPv4 inside IPv6 (RFC 4291, section 2.5.5.2) as plain IPv4. */
function mappedIpv4(host: string): string {
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const words = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return words.flatMap((word) => [word >> 8, word & 255]).join(".");
}

/**
 * The key of one source: one IPv4 address, or the global IPv6 addresses of one /64, from which one
 * machine can pick at will (RFC 4862). A link-local address counts as a single machine.
 */
export function sourceKey(address: string): string {
  const lower = address.toLowerCase();
  if (!lower.includes(":") || lower.startsWith("fe80:")) return lower;
  const [head = "", tail] = lower.split("::");
  const groups = head === "" ? [] : head.split(":");
  const rest = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros =
    tail === undefined ? [] : Array(Math.max(0, 8 - groups.length - rest.length)).fill("0");
  return [...groups, ...zeros, ...rest].slice(0, 4).join(":");
}

/**
 * The key by which the share of one source is counted. Undefined for loopback: it stands for the
 * programs of this machine, and may be a proxy through which everybody comes.
 */
export function shareKey(address: string): string | undefined {
  return isLoopback(address) ? undefined : sourceKey(address);
}

/** `host:port`, with brackets around IPv6. */
export function formatHostPort(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${host}:${address.port}`;
}

/** `host:port` as in the Host header and in a signature: without a zone (RFC 6874, section 3). */
export function authorityOf({ host, port }: Address): string {
  return formatHostPort({ host: withoutZone(host), port });
}

function rank(one: InterfaceAddress, defaultRouteInterface: string | undefined): number {
  const family = one.family === "IPv4" ? 0 : 2;
  const linkLocal = isLinkLocal(one.address) ? 4 : 0;
  return family + linkLocal + (one.interfaceName === defaultRouteInterface ? 0 : 1);
}

/** Both lists without duplicates, `first` before `then`, bounded. */
export function mergeAddresses(
  first: readonly Address[],
  then: readonly Address[],
): readonly Address[] {
  const byText = new Map<string, Address>();
  for (const address of [...first, ...then]) {
    const text = formatHostPort(address);
    if (!byText.has(text)) byText.set(text, address);
  }
  return [...byText.values()].slice(0, LIMITS.addressesPerServerMax);
}
