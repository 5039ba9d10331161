import { isLoopback } from "../discovery/addresses.ts";
import { type Cidr, isInCidr } from "../discovery/cidr.ts";
import { isIpLiteral, isPlainIpv4 } from "../platform/ip-literal.ts";

/** The client of a request, and the scheme that it used. */
export interface Origin {
  /** An IP. */
  readonly remoteAddress: string;
  /** Undefined without a trusted proxy that names it. */
  readonly scheme: "http" | "https" | undefined;
}

/**
 * The client behind trusted proxies. Each proxy appends to `X-Forwarded-For` the address that it
 * was connected from, so the list is read from its end, as long as the addresses are trusted:
 * whatever precedes an untrusted address may be forged. Without a trusted proxy nothing is read.
 * @param peer the IP at the remote end of the connection
 */
export function originOf(
  peer: string,
  headers: Pick<Headers, "get">,
  trusted: readonly Cidr[],
): Origin {
  const isTrusted = (address: string) => trusted.some((cidr) => isInCidr(address, cidr));
  if (!isTrusted(peer)) return { remoteAddress: peer, scheme: undefined };
  let remoteAddress = peer;
  const named = headers.get("x-forwarded-for")?.split(",") ?? [];
  while (isTrusted(remoteAddress)) {
    const before = addressOf(named.pop() ?? "");
    if (before === undefined) break;
    // The loopback address of another machine is not ours.
    if (isLoopback(before) && !isLoopback(remoteAddress)) break;
    remoteAddress = before;
  }
  return { remoteAddress, scheme: schemeOf(headers.get("x-forwarded-proto")) };
}

/** Some proxies add the port, with brackets around IPv6. Undefined if it is not an IP address. */
function addressOf(entry: string): string | undefined {
  const text = entry.trim();
  const host =
    /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();
  return isPlainIpv4(plain) || (plain.includes(":") && isIpLiteral(plain)) ? plain : undefined;
}

/** The first scheme is that of the proxy next to the client. */
function schemeOf(header: string | null): Origin["scheme"] {
  const scheme = header?.split(",")[0]?.trim().toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : undefined;
}
