import { isLinkLocal, isLoopback, plainHost } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { isIpLiteral, lacksZone } from "../../platform/ip-literal.ts";
import type { Network } from "../../platform/network.ts";

/**
 * Which addresses that somebody else has named may be dialled. What the operator has named is not
 * asked about here.
 */
export interface DialPolicy {
  /** Addresses that this node has or announces. */
  readonly own: readonly string[];
  /** Whether this node itself is reached by loopback only. */
  readonly onLoopback: boolean;
  /** Whether this node itself has link-local addresses only. */
  readonly onLinkLocal: boolean;
}

/**
 * An address with the IP that is connected to, where its host is a name, or link-local: then it is
 * the same address with the zone.
 */
export interface DialTarget extends Address {
  readonly connectTo?: string;
  /** The node that passes on what is meant for this one, whose id is then the host. */
  readonly relay?: string;
}

/** The way to a node that is not dialled itself. */
export function throughRelay(nodeId: string, relay: string): DialTarget {
  return { host: nodeId, port: RELAYED_PORT, relay };
}

/** Of an address that nobody connects to. */
const RELAYED_PORT = 1;
/** A name with more addresses than these is no host. */
const ADDRESSES_PER_NAME_MAX = 16;

/**
 * Of addresses named by `source` (an IP; undefined where it is not known), those that may be
 * dialled. Loopback only for programs on this very machine; link-local never but for a source that
 * is link-local itself, or on a machine that is: 169.254.169.254 hands out the secrets of a machine
 * in the cloud.
 */
export function dialable(
  addresses: readonly Address[],
  policy: DialPolicy,
  source?: string,
): readonly Address[] {
  const near = source !== undefined && (isLoopback(source) || policy.own.includes(source));
  const linked = source !== undefined && isLinkLocal(source);
  return addresses.filter(({ host }) => {
    if (plainHost(host) === undefined) return false;
    if (isLinkLocal(host)) return linked || policy.onLinkLocal;
    return !isLoopback(host) || near || policy.onLoopback;
  });
}

/**
 * The places that an address stands for: itself, itself on each link where it says none, or each
 * address of its name. Of a name that somebody else has given each result is judged like any
 * address, and exactly that one is dialled: what resolves to a machine's own services leads
 * nowhere. Rejects with NetworkError when the name is not known.
 */
export async function targetsOf(
  address: Address,
  network: Pick<Network, "resolve">,
  policy: DialPolicy | undefined,
): Promise<readonly DialTarget[]> {
  const isIp = isIpLiteral(address.host);
  if (isIp && !lacksZone(address.host)) return [address];
  const resolved = (await network.resolve(address.host)).slice(0, ADDRESSES_PER_NAME_MAX);
  const places = resolved.map((host) => ({ host, port: address.port }));
  const allowed = isIp || policy === undefined ? places : dialable(places, policy);
  return allowed.map(({ host }) => ({ ...address, connectTo: host }));
}

/** IPv4 as IPv4, also where the socket was one of IPv6. */
export function plainAddress(remoteAddress: string): string {
  return remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "");
}

/**
 * The accepted origin of a request that the node at `relay`, an IP, has passed on as coming from
 * `named`. Never an origin for which more may be dialled: a relay could then open this machine's
 * own services to itself by naming one.
 */
export function passedOnSource(named: string, relay: string, policy: DialPolicy): string {
  const source = plainAddress(named);
  const isNear = isLoopback(source) || isLinkLocal(source) || policy.own.includes(source);
  return isNear ? relay : source;
}
