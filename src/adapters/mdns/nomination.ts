import { isIP } from "node:net";
import { isLoopback, plainHost, withZone } from "../../discovery/addresses.ts";
import type { Address, Nomination } from "../../discovery/backend.ts";
import { readHints } from "../../discovery/hints.ts";
import type { CachedService } from "./cache.ts";

/** Addresses at which clouds give out the secrets of a machine, and IPv6 multicast. */
const NEVER_DIALLED = /^(169\.254\.169\.254|fd00:ec2::254|ff[0-9a-f]{2}:.*)$/i;
const IPV4_MULTICAST = /^(22[4-9]|2[345]\d)\./;

/**
 * The nomination of a service; undefined while there is nothing to dial. The sender's address comes
 * first if it is one of the announced ones.
 * @param link where it was heard: link-local addresses get that zone, and loopback addresses count
 * only on loopback itself.
 * @param own where this node itself is reached: no service leads back to it.
 */
export function nominationOf(
  service: CachedService,
  link: { readonly name: string; readonly isLoopback: boolean },
  own: readonly Address[],
): Nomination | undefined {
  const { port, source, text } = service;
  if (!service.complete || port === undefined || port === 0) return undefined;
  const hosts = service.addresses.filter(
    (one) => isDialable(one) && (link.isLoopback || !isLoopback(one)),
  );
  const near = hosts.filter((one) => isSource(one, source));
  const ordered = [...new Set([...near, ...hosts])];
  const addresses = ordered
    .filter((one) => !own.some(({ host, port: ownPort }) => host === one && ownPort === port))
    .map((host): Address => ({ host: withZone(host, link.name), port }));
  if (addresses.length === 0) return undefined;
  const values = textValues(text ?? []);
  return { backend: "mdns", addresses, source, ...readHints((key) => values.get(key)) };
}

function isDialable(address: string): boolean {
  const plain = plainHost(address) ?? "";
  return isIP(plain) !== 0 && !NEVER_DIALLED.test(plain) && !IPV4_MULTICAST.test(plain);
}

function isSource(address: string, source: string): boolean {
  return plainHost(address) === plainHost(source);
}

/** RFC 6763 section 6.4: keys in any case, and the first of several counts. */
function textValues(text: readonly string[]): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const entry of text) {
    const [key = ""] = entry.split("=", 1);
    const name = key.toLowerCase();
    if (!values.has(name)) values.set(name, entry.slice(key.length + 1));
  }
  return values;
}
