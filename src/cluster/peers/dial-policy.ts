import { isLinkLocal, isLoopback, plainHost } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";
import { isIpLiteral, lacksZone } from "../../platform/ip-literal.ts";
import type { Network } from "../../platform/network.ts";

/**
 * Decides which addresses that others have named may be dialled. Addresses of the operator are not
 * checked.
 */
export interface DialPolicy {
  /** Addresses that this node has or announces. */
  readonly own: readonly string[];
  /** Whether this node itself can be reached by loopback only. */
  readonly onLoopback: boolean;
  /** Whether this node itself has link-local addresses only. */
  readonly onLinkLocal: boolean;
}

/**
 * An address with the IP to connect to, if its host is a name, or link-local: then it is the same
 * address with the zone.
 */
export interface DialTarget extends Address {
  readonly connectTo?: string;
  /** The node that relays to this one, whose id is then the host. */
  readonly relay?: string;
}

/** The target of a node that is not dialled itself. */
export function throughRelay(nodeId: string, relay: string): DialTarget {
  return { host: nodeId, port: RELAYED_PORT, relay };
}

/** The port of a target to which nobody connects. */
const RELAYED_PORT = 1;
/** A name with more addresses than this is not a host. */
const ADDRESSES_PER_NAME_MAX = 16;

/**
 * Of addresses named by `source` (an IP; undefined if unknown), those that may be dialled. Loopback
 * is allowed only for programs on this machine. Link-local is allowed only for a source that is
 * link-local itself, or on a machine that is: 169.254.169.254 gives out the secrets of a machine in
 * the cloud.
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
 * The targets of an address: itself; itself on each link if it has no zone; or each address of its
 * name. For a name that others have given, each result is checked like an address, and exactly that
 * result is dialled, so a name cannot lead to this machine's own services. Rejects with
 * NetworkError if the name is unknown.
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

/** IPv4-mapped addresses of an IPv6 socket as IPv4. */
export function plainAddress(remoteAddress: string): string {
  return remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "");
}

/**
 * The accepted origin of a request that the node at `relay`, an IP, has passed on as coming from
 * `named`. Never an origin for which more addresses may be dialled: a relay could then give itself
 * access to this machine's own services by naming one.
 */
export function passedOnSource(named: string, relay: string, policy: DialPolicy): string {
  const source = plainAddress(named);
  const isNear = isLoopback(source) || isLinkLocal(source) || policy.own.includes(source);
  return isNear ? relay : source;
}
