/** Dotted decimal IPv4, each part a byte. */
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

const PLAIN_IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Whether a host is IPv4 in its one usual spelling: leading zeros may mean octal numbers. */
export function isPlainIpv4(host: string): boolean {
  return PLAIN_IPV4.test(host);
}

/**
 * An address without its zone (RFC 4007, section 11), which is the name of a network interface and
 * so means nothing to another machine, nor in a Host header (RFC 6874, section 3).
 */
export function withoutZone(host: string): string {
  return host.replace(/(?<=:.*)%[\w.-]+$/, "");
}

/** Whether a host is link-local IPv6 (fe80::/10) that does not say on which interface. */
export function lacksZone(host: string): boolean {
  return /^fe[89ab][0-9a-f]:[^%]*$/i.test(host);
}

/**
 * An http URL and the zone that its IPv6 host had, as people write it (`http://[fe80::1%eth0]`) or
 * as RFC 6874 does (`%25eth0`): the URL standard knows neither.
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
