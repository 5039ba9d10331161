/** An IP literal in canonical form, and its zone (RFC 4007, section 11). */
export interface IpLiteral {
  readonly address: string;
  readonly zone: string | undefined;
}

/** Parses a literal as in URLs (with brackets) or sockets (with a zone); undefined for a name. */
export function ipLiteral(text: string): IpLiteral | undefined {
  const plain = text.replace(/^\[(.*)\]$/, "$1");
  if (!plain.includes(":")) {
    return /^[\d.]+$/.test(plain) ? { address: plain, zone: undefined } : undefined;
  }
  const [address = "", zone] = plain.split("%");
  const short = URL.parse(`http://[${address}]`)?.hostname.slice(1, -1);
  return short === undefined ? undefined : { address: short, zone };
}

export function familyOf(address: string): "IPv4" | "IPv6" {
  return address.includes(":") ? "IPv6" : "IPv4";
}

export function isLoopbackAddress(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
