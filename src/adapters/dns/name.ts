import { API_PORT, FINAL_DOT, readHostAndPort } from "../../discovery/host-and-port.ts";
import { isIpLiteral } from "../../platform/ip-literal.ts";

/** A name that DNS is asked about, as the operator has given it. */
export interface DnsName {
  /** As it was given, for people. */
  readonly text: string;
  /** Without the port; with the final dot where it was given one, which stands for "no search". */
  readonly host: string;
  /** The name whose SRV records are asked for; undefined where none can be meant. */
  readonly service: string | undefined;
  /** Addresses of the host are asked for too, and a node listens there at this port. */
  readonly port: number | undefined;
}

/** What such a name looks like, for people; completes "give …". */
export const DNS_NAME_FORM =
  "a name like tanks.example.org, with a port if that is not 8000, or the name of a service like " +
  "_tankd._tcp.example.org; addresses are for --static";

/** RFC 2782: the service of a domain that has this program's nodes. */
const SERVICE = "_tankd._tcp";
const SERVICE_NAME = /^_[a-z0-9-]+\._[a-z]+\../i;

/**
 * Reads `NAME`, `NAME:PORT` or `_service._proto.NAME`; undefined when it is none. A domain without
 * a port is asked for the nodes of its `_tankd._tcp` service first. Whoever gives a port means the
 * name's own addresses, and a name without a dot is one of this machine's or network's.
 */
export function readDnsName(text: string): DnsName | undefined {
  // "No search".
  const hasDot = FINAL_DOT.test(text);
  const { host: name, port } = readHostAndPort(text.replace(FINAL_DOT, "")) ?? {};
  if (name === undefined || isIpLiteral(name)) return undefined;
  const host = hasDot ? `${name}.` : name;
  if (SERVICE_NAME.test(host)) {
    return port === undefined ? { text, host, service: host, port: undefined } : undefined;
  }
  if (port !== undefined) return { text, host, service: undefined, port };
  const hasDomain = /\../.test(host);
  return { text, host, service: hasDomain ? `${SERVICE}.${host}` : undefined, port: API_PORT };
}
