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
const API_PORT = 8000;
const PORT_MAX = 65_535;
/** RFC 1035, section 2.3.4, in text form. */
const NAME_CHARACTERS_MAX = 253;
const WITH_PORT = /^([^:]+)(?::(\d{1,5}))?$/;
/** Letters, digits, hyphen and underscore between dots; the last label of a host is no number. */
const NAME = /^(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-|\d+\.?$)[a-z0-9_-]{1,63}(?<!-)\.?$/i;
const SERVICE_NAME = /^_[a-z0-9-]+\._[a-z]+\../i;

/**
 * Reads `NAME`, `NAME:PORT` or `_service._proto.NAME`; undefined when it is none. A domain without
 * a port is asked for the nodes of its `_tankd._tcp` service first. Whoever gives a port means the
 * name's own addresses, and a name without a dot is one of this machine's or network's.
 */
export function readDnsName(text: string): DnsName | undefined {
  const [, host, port] = WITH_PORT.exec(text) ?? [];
  if (host === undefined || host.length > NAME_CHARACTERS_MAX) return undefined;
  if (!NAME.test(host) || isIpLiteral(host)) return undefined;
  if (SERVICE_NAME.test(host)) {
    return port === undefined ? { text, host, service: host, port: undefined } : undefined;
  }
  if (port !== undefined) {
    const number = Number(port);
    if (number < 1 || number > PORT_MAX) return undefined;
    return { text, host, service: undefined, port: number };
  }
  const hasDomain = /\../.test(host);
  return { text, host, service: hasDomain ? `${SERVICE}.${host}` : undefined, port: API_PORT };
}
