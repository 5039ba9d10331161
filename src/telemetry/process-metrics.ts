import { readdirSync } from "node:fs";
import { Series } from "./series.ts";

/** Computed once: a later result would drift with the machine's clock, and look like a restart. */
const STARTED_SECONDS = Date.now() / 1000 - process.uptime();

/**
 * The standard process metrics of exporters (prometheus.io/docs/instrumenting/writing_clientlibs).
 */
const MEASURES = {
  process_cpu_seconds_total: {
    help: "Processor time used, user and system, in seconds",
    read: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  },
  process_resident_memory_bytes: {
    help: "Resident memory in bytes",
    read: () => process.memoryUsage.rss(),
  },
  process_heap_bytes: {
    help: "Heap of the main thread in bytes",
    read: () => process.memoryUsage().heapUsed,
  },
  process_open_fds: {
    help: "Open files, sockets included",
    read: () => readdirSync("/proc/self/fd").length,
  },
  process_start_time_seconds: {
    help: "Start of the process, in seconds since the epoch",
    read: () => STARTED_SECONDS,
  },
} as const;

/** The present metrics of this process, in the Prometheus text format. */
export function renderProcess(): string {
  return Object.entries(MEASURES)
    .map(([name, { help, read }]) => {
      const type = name.endsWith("_total") ? "counter" : "gauge";
      const value = attempt(read);
      if (value === undefined) return "";
      const series = new Series(name, { type, help, labels: [] });
      if (type === "counter") series.add({}, value);
      else series.set({}, value);
      return series.render();
    })
    .join("");
}

/** Undefined where the system does not provide it, or no file can be opened now. */
function attempt(read: () => number): number | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
