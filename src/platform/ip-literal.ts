/** Dotted decimal IPv4, each part a byte. */
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

const PLAIN_IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Whether a host is canonical IPv4. Leading zeros are refused, since they may mean octal. */
export function isPlainIpv4(host: string): boolean {
  return PLAIN_IPV4.test(host);
}

/**
 * An address without its zone (RFC 4007, section 11). The zone is the name of a network interface,
 * and has no meaning for another machine or in a Host header (RFC 6874, section 3).
 */
export function withoutZone(host: string): string {
  return host.replace(/(?<=:.*)%[\w.-]+$/, "");
}

/** Whether a host is link-local IPv6 (fe80::/10) without a zone. */
export function lacksZone(host: string): boolean {
  return /^fe[89ab][0-9a-f]:[^%]*$/i.test(host);
}

/**
 * Splits the zone off the IPv6 host of an http URL, in common notation (`http://[fe80::1%eth0]`) or
 * that of RFC 6874 (`%25eth0`). The URL standard supports neither.
 */
export function splitZone(url: string): { readonly url: string; readonly zone?: string } {
  const [, head = "", zone, tail = ""] =
    /^(http:\/\/\[[0-9a-f:.]+)%(?:25)?([\w.-]+)(\].*)$/i.exec(url) ?? [];
  return zone === undefined ? { url } : { url: `${head}${tail}`, zone };
}

/** Whether a host is an IP address, with or without a zone, and not a name. */
export function isIpLiteral(host: string): boolean {
  const zoneless = host.replace(/%[\w.-]+$/, "");
  if (!zoneless.includes(":")) return IPV4.test(zoneless);
  return URL.canParse(`http://[${zoneless}]/`);
}

/** An IPv4 peer of a socket on `::` has the form `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2). */
export function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "");
}
