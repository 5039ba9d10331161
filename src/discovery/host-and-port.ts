import { isIpLiteral, isPlainIpv4 } from "../platform/ip-literal.ts";

/** A host with or without a port; an IPv6 host has no brackets. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number | undefined;
}

/** Maximum length of a name, without the port. */
export const FINAL_DOT = /\.(?=(?::\d+)?$)/;
/** The default port of nodes. */
export const API_PORT = 8000;
const PORT_MAX = 65_535;
/** RFC 1035, section 2.3.4, in text form. */
const NAME_CHARACTERS_MAX = 253;
/** `[v6]:port`, `[v6]`, a bare IPv6 address, or a name or IPv4 address with an optional port. */
const FORMS = [
  /^\[([0-9a-f.]*:[0-9a-f:.]*)\](?::(\d{1,5}))?$/i,
  /^([0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*)$/i,
  /^([^:[\]]+)(?::(\d{1,5}))?$/,
] as const;
/** Letters, digits, hyphen and underscore. */
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/i;
/**
 * A host whose last label looks like this is an IPv4 address or invalid (URL standard, section
 * 3.5).
 */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/i;

/**
 * Reads `HOST[:PORT]`. Undefined unless the host is an IP address in its usual spelling and without
 * a zone, or a name without a final dot.
 */
export function readHostAndPort(value: string): HostAndPort | undefined {
  const [host = "", digits] = FORMS.map((form) => form.exec(value)?.slice(1)).find(Boolean) ?? [];
  const isHost = host.includes(":") ? isIpLiteral(host) : isPlainIpv4(host) || isName(host);
  if (!isHost) return undefined;
  if (digits === undefined) return { host, port: undefined };
  const port = Number(digits);
  return port >= 1 && port <= PORT_MAX ? { host, port } : undefined;
}

/** A name must also be valid in a URL: some `xn--` labels, for example, decode to nothing. */
function isName(host: string): boolean {
  const labels = host.split(".");
  if (host.length > NAME_CHARACTERS_MAX || NUMBER.test(labels.at(-1) ?? "")) return false;
  return labels.every((label) => LABEL.test(label)) && URL.canParse(`http://${host}/`);
}
