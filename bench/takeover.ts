/**
 * How long a cluster is without a hub: the present hub is killed (kill -9), until every survivor
 * names the same other one; then it is started again and has joined before the next kill. Beside
 * it, on the same machines and alone there, how long Serf's agents take until all others list a
 * killed one as failed. Network namespaces on one bridge; Linux, root; Debian's serf, if it is
 * installed.
 *
 *   make build && bun bench/takeover.ts [--nodes 3,10,24] [--kills 30] [--binary NEW]
 *       [--base OLD|none] [--write]
 */
import { buildsToCompare } from "./cluster/builds.ts";
import { withMachines } from "./cluster/gathering.ts";
import { hasSerf, measureSerf } from "./cluster/serf.ts";
import { measureTakeovers } from "./cluster/takeovers.ts";
import {
  keepReport,
  option,
  print,
  printHead,
  printMachine,
  printRow,
  quantile,
} from "./measure.ts";

const sizes = option("nodes", "3,10,24").split(",").map(Number);
const kills = Number(option("kills", "30"));
const builds = buildsToCompare();

function report(nodes: number, what: string, times: readonly number[]): void {
  const at = (share: number) => (quantile(times, share) / 1000).toFixed(2);
  rows.push([nodes, what, times.length, at(0.5), at(0.95), at(1)]);
  process.stderr.write(`${nodes} nodes, ${what}: median ${at(0.5)} s, p95 ${at(0.95)} s\n`);
}

const rows: (string | number)[][] = [];
const notes: string[] = [];
printMachine();
for (const nodes of sizes) {
  for (const { name, binary } of builds) {
    const setup = { nodes, binary };
    const { times, gaveUp } = await withMachines(setup, (lab) => measureTakeovers(lab, kills));
    report(nodes, `tankd, ${name}: another hub serves`, times);
    if (gaveUp !== undefined) notes.push(`${nodes} nodes, ${name}, ended early: ${gaveUp}.`);
  }
  if (!hasSerf()) continue;
  const [build] = builds;
  const setup = { nodes, binary: build?.binary ?? "" };
  const times = await withMachines(setup, (lab) => measureSerf(lab, kills));
  report(nodes, "Serf: all list it as failed", times);
}
printHead("nodes", "until", "kills", "p50 s", "p95 s", "max s");
for (const row of rows) printRow(...row);
print("");
for (const note of notes) print(note);
keepReport("takeover");
process.exit(0);
