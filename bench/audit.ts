/**
 * What an audit of the whole cluster takes: N nodes with M tanks each on loopback, all of which
 * exchange fish meanwhile. The hub is asked again and again.
 *
 *   make build && bun bench/audit.ts [--nodes 50] [--tanks 20] [--fish 50] [--tick-rate 30]
 *       [--audits 10] [--binary NEW] [--write]
 *
 * Nodes that are on one machine share its cores: with more ticks than those can run the time is
 * that of the queue, not of the audit. `--tick-rate 1` shows the audit itself. Its processor time
 * is that of all nodes between two idle spans of the same length.
 */
import { availableParallelism } from "node:os";
import { auditSchema } from "../src/audit/audit.ts";
import { serversSchema } from "../test/support/api.ts";
import type { NodeProcess } from "../test/support/node-process.ts";
import { TANKD } from "../test/support/tankd.ts";
import { keepReport, median, option, print, printMachine, quantile } from "./measure.ts";
import { endNode, isHealthy, startNode, until } from "./node.ts";
import { processorTime } from "./proc.ts";

const PORT = 18_200;
const GATHER_MS = 180_000;

const nodes = Number(option("nodes", "50"));
const tanks = option("tanks", "20");
const fish = option("fish", "50");
const tickRate = option("tick-rate", "30");
const audits = Number(option("audits", "10"));
const binary = option("binary", TANKD);

async function gather(): Promise<readonly NodeProcess[]> {
  const started: NodeProcess[] = [];
  const flags = ["--tanks", tanks, "--fish", fish, "--tick-rate", tickRate];
  for (let index = 0; index < nodes; index++) {
    const [hub] = started;
    const way = hub
      ? ["--discovery", "hub", "--hub", `http://127.0.0.1:${PORT}`]
      : ["--discovery", "none"];
    const node = startNode({ port: PORT + index, binary }, ...flags, ...way);
    started.push(node);
    await until(node, "/health", isHealthy);
  }
  return started;
}

async function untilListed(hub: NodeProcess): Promise<void> {
  const deadlineMs = performance.now() + GATHER_MS;
  while (performance.now() < deadlineMs) {
    const { servers } = await hub.api.get("/api/servers", serversSchema);
    if (servers.filter(({ status }) => status === "online").length === nodes) return;
    await Bun.sleep(500);
  }
  throw new Error(`the nodes did not meet within ${GATHER_MS} ms`);
}

async function audit(hub: NodeProcess) {
  const token = { authorization: `Bearer ${hub.token}` };
  const startedMs = performance.now();
  const response = await hub.api.fetch("GET", "/api/audit", undefined, token);
  const result = auditSchema.parse(await response.json());
  return { result, ms: performance.now() - startedMs };
}

function processorMsOf({ pid }: NodeProcess): number {
  const { user, system } = processorTime(pid);
  return user + system;
}

const started = await gather();
try {
  const [hub] = started;
  if (!hub) throw new Error("--nodes must be at least 1");
  await untilListed(hub);
  const spent = () => started.reduce((sum, node) => sum + processorMsOf(node), 0);
  await audit(hub);
  const beforeMs = spent();
  const begunMs = performance.now();
  const measured: Awaited<ReturnType<typeof audit>>[] = [];
  for (let run = 0; run < audits; run++) measured.push(await audit(hub));
  const spanMs = performance.now() - begunMs;
  const busyMs = spent() - beforeMs;
  const idleFromMs = spent();
  await Bun.sleep(spanMs);
  const idleMs = spent() - idleFromMs;
  const times = measured.map(({ ms }) => ms);
  const fine = measured.filter(({ result }) => result.ok).length;
  const last = measured.at(-1)?.result;
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  printMachine();
  print(`${nodes} nodes of ${tanks} tanks with ${fish} founders at ${tickRate} ticks a second,`);
  print(
    `${last?.alive} fish alive, ${last?.pairs} pairs of tanks; ${availableParallelism()} cores.`,
  );
  print(`Audits: ${audits}, of which ${fine} were fine and complete.`);
  print(`Time: median ${seconds(median(times))}, longest ${seconds(quantile(times, 1))}.`);
  print(`Processor time of one, all nodes: ${seconds(Math.max(0, busyMs - idleMs) / audits)}.`);
  keepReport("audit");
  if (last && !last.ok) print(JSON.stringify({ ...last, missing: last.missing.slice(0, 5) }));
} finally {
  await Promise.all(started.map(endNode));
}
