import { isLinkLocal, isLoopback, plainHost } from "../../discovery/addresses.ts";
import type { Address } from "../../discovery/backend.ts";

/**
 * Which addresses that somebody else has named may be dialled (DESIGN §9). What the operator has
 * named is not asked about here.
 */
export interface DialPolicy {
  /** Addresses that this node has or announces. */
  readonly own: readonly string[];
  /** Whether this node itself is reached by loopback only. */
  readonly onLoopback: boolean;
}

/**
 * Of addresses named by `source` (an IP; undefined where it is not known), those that may be dialled.
 * Loopback only for programs on this very machine; link-local never but for a source that is
 * link-local itself: 169.254.169.254 hands out the secrets of a machine in the cloud.
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
    if (isLinkLocal(host)) return linked;
    return !isLoopback(host) || near || policy.onLoopback;
  });
}

/** IPv4 as IPv4, also where the socket was one of IPv6. */
export function plainAddress(remoteAddress: string): string {
  return remoteAddress.replace(/^::ffff:(?=\d+\.)/i, "");
}
