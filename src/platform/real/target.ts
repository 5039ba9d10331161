import { isIP } from "node:net";
import { lacksZone, splitZone, withoutZone } from "../ip-literal.ts";
import type { Machine } from "../machine.ts";
import type { HttpRequest } from "../network.ts";

/** An IP literal, with or without a zone, or a name; without brackets. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** The URL of a request, and the address to connect to. */
export interface Target {
  /** Its host is sent as the Host header. */
  readonly url: URL;
  readonly place: Place;
}

type Asking = Pick<HttpRequest, "origin" | "connectTo" | "path">;

const HTTP_PORT = 80;
/** Scheme, host and port only. */
const PLAIN_ORIGIN = /^http:\/\/[^/?#@\\]+$/i;

/** Undefined for an invalid origin. `zones`: those of this machine's links. */
export function targetOf(request: Asking, zones: () => readonly string[]): Target | undefined {
  const { url: origin, zone } = splitZone(request.origin);
  // Compared in the normal form of the URL standard: without the default port, names in lower case,
  // IPv6 compressed.
  const asked = PLAIN_ORIGIN.test(origin) && URL.parse(origin)?.origin;
  const url = URL.parse(request.path, origin);
  // A path like `//elsewhere` would otherwise select another host.
  if (!url || url.origin !== asked) return undefined;
  const port = Number(url.port || HTTP_PORT);
  const named = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const connectTo = request.connectTo ?? addressOn(named, zone, zones);
  if (connectTo === undefined) return { url, place: { host: named, port } };
  // A name here would be resolved again, possibly to another address.
  return isIP(connectTo) === 0 ? undefined : { url, place: { host: connectTo, port } };
}

export function notAnAddress({ origin, connectTo }: Asking): string {
  return `not an address: ${origin}${connectTo === undefined ? "" : ` at ${connectTo}`}`;
}

/** Names of the interfaces that have link-local IPv6. */
export function zonesAmong(addresses: ReturnType<Machine["addresses"]>): readonly string[] {
  const linked = addresses.filter(
    ({ address, chosen }) => chosen !== false && lacksZone(withoutZone(address)),
  );
  return [...new Set(linked.map(({ interfaceName }) => interfaceName))];
}

/** The host with its zone: the given one, or that of the only possible link. */
function addressOn(
  host: string,
  zone: string | undefined,
  zones: () => readonly string[],
): string | undefined {
  if (zone !== undefined) return `${host}%${zone}`;
  if (!lacksZone(host)) return undefined;
  const [only, ...others] = zones();
  return only === undefined || others.length > 0 ? undefined : `${host}%${only}`;
}
