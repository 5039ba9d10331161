import { availableParallelism, hostname, networkInterfaces, totalmem } from "node:os";
import type { Clock } from "../clock.ts";
import type { InterfaceAddress, Machine } from "../machine.ts";
import { readDefaultRouteInterface } from "./default-route.ts";
import { readInterfaceIndexes } from "./interface-indexes.ts";

/**
 * Reading interfaces and routes costs up to a millisecond and several parts of a node ask: they
 * share one reading. What changed is still noticed well within the second that discovery promises.
 */
const NETWORKS_KEPT_MS = 250;

/** The machine that this process runs on. Nothing here throws. */
export function createRealMachine(clock: Clock): Machine {
  return {
    hostname: hostname(),
    platform: process.platform,
    architecture: process.arch,
    cpuCores: availableParallelism(),
    memoryBytes: totalmem(),
    addresses: kept(clock, readAddresses),
    defaultRouteInterface: kept(clock, () => readDefaultRouteInterface(process.platform)),
    usage: usageMeter(),
  };
}

/** What `read` said within the last moment, or says now. */
function kept<T>(clock: Clock, read: () => T): () => T {
  let last: { readonly value: T; readonly readMs: number } | undefined;
  return () => {
    const nowMs = clock.monotonicMs();
    if (last === undefined || nowMs - last.readMs >= NETWORKS_KEPT_MS) {
      last = { value: read(), readMs: nowMs };
    }
    return last.value;
  };
}

function readAddresses(): readonly InterfaceAddress[] {
  const indexes = readInterfaceIndexes(process.platform);
  return Object.entries(interfaces()).flatMap(([interfaceName, addresses = []]) => {
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
function interfaces(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces();
  } catch {
    return {};
  }
}

function usageMeter(): Machine["usage"] {
  let lastCpuMicros = cpuMicros();
  let lastMs = performance.now();
  let lastBytes = 0;
  return () => {
    const nowCpuMicros = cpuMicros();
    const nowMs = performance.now();
    const elapsedMicros = Math.max(1, (nowMs - lastMs) * 1000);
    const cpuPercent = (100 * (nowCpuMicros - lastCpuMicros)) / elapsedMicros;
    lastCpuMicros = nowCpuMicros;
    lastMs = nowMs;
    lastBytes = residentBytes() ?? lastBytes;
    return { cpuPercent: Math.max(0, cpuPercent), residentBytes: lastBytes };
  };
}

/** Undefined while no file can be opened, such as /proc: strangers may hold every descriptor there is. */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
