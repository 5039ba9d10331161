import { isLoopback } from "../discovery/addresses.ts";
import { type Cidr, isInCidr } from "../discovery/cidr.ts";
import { isIpLiteral, isPlainIpv4 } from "../platform/ip-literal.ts";

/** Who has sent a request, and how it was asked. */
export interface Origin {
  /** An IP. */
  readonly remoteAddress: string;
  /** Undefined where no proxy says it. */
  readonly scheme: "http" | "https" | undefined;
}

/**
 * Who is behind the proxies that have passed a request on. Each adds to `X-Forwarded-For` whom it
 * has heard, so that the list is read from its end, for as long as a trusted one speaks: what comes
 * before an address that is not trusted may be invented. Without a trusted proxy nothing is read.
 * @param peer the IP at the other end of the connection
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
    // The loopback of another machine is not ours.
    if (isLoopback(before) && !isLoopback(remoteAddress)) break;
    remoteAddress = before;
  }
  return { remoteAddress, scheme: schemeOf(headers.get("x-forwarded-proto")) };
}

/** Some proxies add the port, and brackets around IPv6 then. Undefined for what is no IP. */
function addressOf(entry: string): string | undefined {
  const text = entry.trim();
  const host =
    /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
  const plain = host.replace(/^::ffff:(?=\d+\.)/i, "").toLowerCase();
  return isPlainIpv4(plain) || (plain.includes(":") && isIpLiteral(plain)) ? plain : undefined;
}

/** What the first proxy says, which has heard the client itself. */
function schemeOf(header: string | null): Origin["scheme"] {
  const scheme = header?.split(",")[0]?.trim().toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : undefined;
}
