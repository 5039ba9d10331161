import { networkInterfaces } from "node:os";
import type { Clock } from "../clock.ts";
import type { InterfaceAddress, Machine } from "../machine.ts";
import { readDefaultRouteInterface } from "./default-route.ts";
import { readInterfaceIndexes } from "./interface-indexes.ts";

/**
 * Cache time of interfaces and routes. Reading them takes up to a millisecond, which would be most
 * of an idle node's work. Several parts that poll once a second share a reading.
 */
const ADDRESSES_KEPT_MS = 500;
/**
 * Cache time of data that rarely changes while the addresses stay: the default route, and the index
 * of an interface that was replaced by one with the same address.
 */
const DETAILS_KEPT_MS = 900;

type Interfaces = ReturnType<typeof networkInterfaces>;

interface Details {
  readonly indexes: ReadonlyMap<string, number>;
  readonly defaultRoute: string | undefined;
}

/** The sources of the data; none of them throws. */
export interface NetworkSources {
  interfaces(): Interfaces;
  indexes(): ReadonlyMap<string, number>;
  defaultRoute(): string | undefined;
}

/** Reads from the kernel. */
export function networkSources(platform: string): NetworkSources {
  return {
    interfaces: readInterfaces,
    indexes: () => readInterfaceIndexes(platform),
    defaultRoute: () => readDefaultRouteInterface(platform),
  };
}

/** The networks of this machine. Unchanged data is returned as the same object. */
export function createNetworks(
  clock: Clock,
  sources: NetworkSources,
): Pick<Machine, "addresses" | "defaultRouteInterface"> {
  let interfaces: Interfaces = {};
  let details: Details = { indexes: new Map(), defaultRoute: undefined };
  let addresses: readonly InterfaceAddress[] = [];
  let readMs = Number.NEGATIVE_INFINITY;
  let detailsMs = Number.NEGATIVE_INFINITY;
  const refresh = () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - readMs < ADDRESSES_KEPT_MS) return;
    readMs = nowMs;
    const before = { interfaces, details };
    const found = sources.interfaces();
    if (!Bun.deepEquals(found, interfaces)) interfaces = found;
    if (interfaces !== before.interfaces || nowMs - detailsMs >= DETAILS_KEPT_MS) {
      detailsMs = nowMs;
      const read = { indexes: sources.indexes(), defaultRoute: sources.defaultRoute() };
      if (!Bun.deepEquals(read, details)) details = read;
    }
    if (interfaces === before.interfaces && details === before.details) return;
    addresses = addressesOf(interfaces, details.indexes);
  };
  return {
    addresses: () => {
      refresh();
      return addresses;
    },
    defaultRouteInterface: () => {
      refresh();
      return details.defaultRoute;
    },
  };
}

function addressesOf(
  interfaces: Interfaces,
  indexes: ReadonlyMap<string, number>,
): readonly InterfaceAddress[] {
  return Object.entries(interfaces).flatMap(([interfaceName, addresses = []]) => {
    // Of IPv6, only link-local addresses carry the interface's number.
    const scope = addresses.find((one) => one.family === "IPv6" && one.scopeid > 0);
    const interfaceIndex = indexes.get(interfaceName) ?? scope?.scopeid;
    return addresses.map(({ address, family, internal, cidr }): InterfaceAddress => {
      const prefixLength = Number(cidr?.split("/")[1] ?? Number.NaN);
      return {
        interfaceName,
        address,
        family: family === "IPv6" ? "IPv6" : "IPv4",
        internal,
        ...(Number.isNaN(prefixLength) ? {} : { prefixLength }),
        ...(interfaceIndex === undefined ? {} : { interfaceIndex }),
      };
    });
  });
}

/** Throws where a sandbox denies netlink sockets (systemd's RestrictAddressFamilies). */
function readInterfaces(): Interfaces {
  try {
    return networkInterfaces();
  } catch {
    return {};
  }
}
