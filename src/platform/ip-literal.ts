/** Dotted decimal IPv4, each part a byte. */
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

const PLAIN_IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;

/** Whether a host is IPv4 in its one usual spelling: leading zeros may mean octal numbers. */
export function isPlainIpv4(host: string): boolean {
  return PLAIN_IPV4.test(host);
}

/** Whether a host is an IP address, with or without a zone, and not a name. */
export function isIpLiteral(host: string): boolean {
  const zoneless = host.replace(/%[\w.-]+$/, "");
  if (!zoneless.includes(":")) return IPV4.test(zoneless);
  return URL.canParse(`http://[${zoneless}]/`);
}
