import { readFileSync } from "node:fs";

/** Flags of <linux/route.h> and <linux/ipv6_route.h>. */
const ROUTE_UP = 0x1;
const ROUTE_REJECT = 0x200;

interface DefaultRoute {
  readonly interfaceName: string;
  readonly metric: number;
}

/** The interface of the default route, IPv4 before IPv6. Undefined if unknown. */
export function readDefaultRouteInterface(platform: string): string | undefined {
  if (platform !== "linux") return undefined;
  return (
    best(readLines("/proc/net/route").flatMap(parseRoute)) ??
    best(readLines("/proc/net/ipv6_route").flatMap(parseIpv6Route))
  );
}

/**
 * `Iface Destination Gateway Flags RefCnt Use Metric Mask …`: numbers in hex, the metric decimal.
 */
export function parseRoute(line: string): DefaultRoute[] {
  const [interfaceName = "", destination, , flags = "", , , metric = "", mask] = line
    .trim()
    .split(/\s+/);
  const usable = isUsable(Number.parseInt(flags, 16));
  if (destination !== "00000000" || mask !== "00000000" || !usable) return [];
  return [{ interfaceName, metric: Number.parseInt(metric, 10) }];
}

/** `destination length source length next-hop metric refcnt use flags interface`, all in hex. */
export function parseIpv6Route(line: string): DefaultRoute[] {
  const [destination = "", length, , , , metric = "", , , flags = "", interfaceName = ""] = line
    .trim()
    .split(/\s+/);
  const isDefault = length === "00" && /^0{32}$/.test(destination) && interfaceName !== "lo";
  if (!isDefault || !isUsable(Number.parseInt(flags, 16))) return [];
  return [{ interfaceName, metric: Number.parseInt(metric, 16) }];
}

function isUsable(flags: number): boolean {
  return (flags & ROUTE_UP) !== 0 && (flags & ROUTE_REJECT) === 0;
}

function best(routes: readonly DefaultRoute[]): string | undefined {
  return routes.toSorted((a, b) => a.metric - b.metric)[0]?.interfaceName;
}

/** Empty where /proc is missing or unreadable: then no default route is known. */
function readLines(path: string): string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}
