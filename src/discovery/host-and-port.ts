/** A host with or without a port; the host of an IPv6 address comes without brackets. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number | undefined;
}

const PORT_MAX = 65_535;
/** `[v6]:port`, `[v6]`, a bare IPv6 address, or a name or IPv4 address with an optional port. */
const BRACKETED = /^\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?$/;
const BARE_V6 = /^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/;
const NAME_OR_V4 = /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,252}[A-Za-z0-9])?)(?::(\d{1,5}))?$/;

/** Reads `HOST[:PORT]`; undefined when it is none. */
export function readHostAndPort(value: string): HostAndPort | undefined {
  if (BARE_V6.test(value)) return { host: value, port: undefined };
  const match = BRACKETED.exec(value) ?? NAME_OR_V4.exec(value);
  if (!match?.[1]) return undefined;
  if (match[2] === undefined) return { host: match[1], port: undefined };
  const port = Number(match[2]);
  return port >= 1 && port <= PORT_MAX ? { host: match[1], port } : undefined;
}
