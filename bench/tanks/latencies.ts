/** How long a node lets one wait while it works. */
import { print, printHead, printRow, quantile } from "../measure.ts";
import { type Latencies, PROBES } from "./prober.ts";

export function printLatencies(latencies: Latencies): void {
  printHead("meanwhile, 10 requests/s of each", "requests", "p50 ms", "p95 ms", "p99 ms", "max ms");
  for (const name of ["health", "server", "tank", "feed"] as const) {
    const times = latencies[name];
    const at = (share: number) => quantile(times, share).toFixed(1);
    printRow(PROBES[name], times.length, at(0.5), at(0.95), at(0.99), at(1));
  }
  print("");
}
