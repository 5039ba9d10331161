/**
 * How a cluster gathers, and what that costs: N nodes switched on at once in N network namespaces
 * on one bridge, until each lists exactly all of them with the same one hub. Beside them the build
 * of commit 0e67964, and as many lone nodes over the same time: the floor. Linux, root.
 *
 *   make build && bun bench/cluster.ts [--nodes 3,10,24,50] [--runs 3] [--discovery mdns|hub]
 *       [--tanks 1] [--limit 150] [--binary NEW] [--base OLD|none] [--idle] [--write]
 *
 * `--idle` instead measures gathered clusters without tanks over 30 s, a minute after they are
 * exact. Processor time is that of the nodes' whole processes, read once at the end; multicast
 * packets are counted by each namespace's kernel. Builds take turns; figures are medians. It wants
 * the machine for itself.
 */
import { buildsToCompare } from "./cluster/builds.ts";
import {
  measureGathering,
  measureIdle,
  measureLone,
  measureLoneIdle,
  type Setup,
} from "./cluster/gathering.ts";
import { printGatherings, printIdle, type Sample } from "./cluster/report.ts";
import { keepReport, option, printMachine } from "./measure.ts";

const IDLE_SECONDS = 30;

const sizes = option("nodes", "3,10,24,50").split(",").map(Number);
const runs = Number(option("runs", "3"));
const discovery = discoveryOf(option("discovery", "mdns"));
const limitSeconds = Number(option("limit", "150"));
const isIdle = process.argv.includes("--idle");
const tanks = Number(option("tanks", isIdle ? "0" : "1"));
const builds = buildsToCompare();

function discoveryOf(text: string): Setup["discovery"] {
  if (text === "mdns" || text === "hub") return text;
  throw new Error("--discovery takes mdns or hub");
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

async function gather(nodes: number): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  for (let run = 0; run < runs; run++) {
    for (const { name, binary } of builds) {
      const setup = { nodes, binary, discovery, tanks, limitSeconds };
      const gathering = await measureGathering(setup);
      const floor = await measureLone(setup, gathering.seconds);
      samples.push({ build: name, gathering, floor });
      const { exactSeconds, seconds, flaw, costs } = gathering;
      const outcome = exactSeconds === undefined ? "not exact" : "exact";
      const spent = `${seconds.toFixed(1)} s, ${costs.cpuSeconds.toFixed(1)} CPU s`;
      const defect = flaw === undefined ? "" : `; ${flaw}`;
      say(`${nodes} nodes, ${name}: ${outcome} after ${spent}${defect}`);
    }
  }
  return samples;
}

async function idle(nodes: number) {
  const rows = [];
  for (const { name, binary } of builds) {
    const setup = { nodes, binary, discovery, tanks, limitSeconds };
    const cluster = await measureIdle(setup, IDLE_SECONDS);
    const lone = await measureLoneIdle(setup, IDLE_SECONDS);
    rows.push({ nodes, build: name, cluster, lone });
    say(`${nodes} idle nodes, ${name}: ${cluster.cores.toFixed(3)} of a core`);
  }
  return rows;
}

printMachine();
if (isIdle) {
  const rows = [];
  for (const nodes of sizes) rows.push(...(await idle(nodes)));
  printIdle(rows);
} else {
  const bySize = new Map<number, readonly Sample[]>();
  for (const nodes of sizes) bySize.set(nodes, await gather(nodes));
  printGatherings(bySize);
}
keepReport(isIdle ? "cluster-idle" : `cluster-${discovery}`);
process.exit(0);
