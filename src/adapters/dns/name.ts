import { API_PORT, FINAL_DOT, readHostAndPort } from "../../discovery/host-and-port.ts";
import { isIpLiteral } from "../../platform/ip-literal.ts";

/** A name to look up, as the operator has given it. */
export interface DnsName {
  /** As given, for people. */
  readonly text: string;
  /** Without the port; with the final dot if it was given one, which means "no search". */
  readonly host: string;
  /** The name whose SRV records are looked up; undefined if none can be meant. */
  readonly service: string | undefined;
  /** The port of the nodes at the host's own addresses, which are looked up too. */
  readonly port: number | undefined;
}

/** The form of such a name, for people; completes "give …". */
export const DNS_NAME_FORM =
  "a name like tanks.example.org, with a port if that is not 8000, or the name of a service like " +
  "_tankd._tcp.example.org; addresses are for --static";

/** RFC 2782: the service of a domain that lists nodes of this program. */
const SERVICE = "_tankd._tcp";
const SERVICE_NAME = /^_[a-z0-9-]+\._[a-z]+\../i;

/**
 * Reads `NAME`, `NAME:PORT` or `_service._proto.NAME`; undefined for anything else. For a domain
 * without a port, its `_tankd._tcp` service is looked up first. A port means the name's own
 * addresses, and a name without a dot is one of this machine or network.
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
