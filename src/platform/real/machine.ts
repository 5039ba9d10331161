import { availableParallelism, hostname, totalmem } from "node:os";
import type { Clock } from "../clock.ts";
import type { Machine } from "../machine.ts";
import { ownDescriptors } from "./descriptors.ts";
import { createNetworks, networkSources } from "./networks.ts";

/** The machine that this process runs on. Nothing here throws. */
export function createRealMachine(clock: Clock): Machine {
  return {
    hostname: hostname(),
    platform: process.platform,
    architecture: process.arch,
    cpuCores: availableParallelism(),
    memoryBytes: usableMemory(totalmem(), process.constrainedMemory()),
    ...createNetworks(clock, networkSources(process.platform)),
    usage: usageMeter(),
    descriptors: ownDescriptors,
  };
}

/**
 * What this process may use of the machine's memory. `limit` is that of its control group, of
 * either version: 0 or beyond all memory where there is none. The number of cores needs no such
 * care, since availableParallelism goes by the group's quota.
 */
export function usableMemory(total: number, limit: number): number {
  return limit > 0 ? Math.min(total, limit) : total;
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

/** Undefined while no file can be opened, such as /proc: all descriptors may be in use. */
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
