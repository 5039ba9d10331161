/**
 * How long a node takes from exec to its first answer, to its role alone, and to its role beside a
 * hub, and what it then weighs:
 *   make build && bun bench/start.ts [--runs 10]
 * Medians and 95th percentiles in milliseconds; nodes on loopback, data directories under the
 * system's temporary directory.
 */
import { parseArgs } from "node:util";
import { quantile } from "./measure.ts";
import { anything, endNode, hasRole, isHealthy, startNode, until } from "./node.ts";
import { residentMegabytes } from "./proc.ts";

/** Time for the heap of a young node to settle before it is weighed. */
const SETTLE_MS = 10_000;

const { values } = parseArgs({ options: { runs: { type: "string", default: "10" } } });
const runs = Number(values.runs);

function row(name: string, samples: number[]): string {
  const at = (share: number) => quantile(samples, share).toFixed(0).padStart(8);
  return `${name.padEnd(44)} ${at(0.5)} ${at(0.95)}\n`;
}

const answered: number[] = [];
const healthy: number[] = [];
const alone: number[] = [];
const joined: number[] = [];
for (let run = 0; run < runs; run++) {
  const hub = await startNode({ port: 18_100 }, "--discovery", "none");
  answered.push(await until(hub, "/health", anything));
  healthy.push(await until(hub, "/health", isHealthy));
  alone.push(await until(hub, "/api/servers/local", hasRole("hub")));
  const worker = await startNode({ port: 18_101 }, "--discovery", "hub", "--hub", hub.url);
  joined.push(await until(worker, "/api/servers/local", hasRole("worker")));
  await endNode(worker);
  await endNode(hub);
}
const idle = await startNode({ port: 18_100 }, "--discovery", "none");
await Bun.sleep(SETTLE_MS);
const resident = residentMegabytes(idle.process.pid);
await endNode(idle);

process.stdout.write(`${"milliseconds from exec".padEnd(44)}   median      p95\n`);
process.stdout.write(row("first answer on /health", answered));
process.stdout.write(row("healthy: tanks are there", healthy));
process.stdout.write(row("role decided, alone", alone));
process.stdout.write(row("role decided, joining a hub", joined));
process.stdout.write(`resident memory with one tank of 50 fish: ${resident.toFixed(0)} MB\n`);
