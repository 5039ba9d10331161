/**
 * What a lone node costs that has nothing to do: processor time of its start and of a second of its
 * life, and resident memory, without tanks and with one, beside another build of the program.
 *   make bench-idle ARGS="--base BINARY"
 *   bun bench/idle.ts --base BINARY [--runs 5] [--settle 60] [--window 20] [--write]
 * Builds take turns, each with a data directory of its own. `--settle` and `--window` are seconds:
 * from the role of the node to the measurement, and how long that takes; JavaScriptCore still
 * compiles what runs for minutes, so figures of nodes of different ages do not compare.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TANKD } from "../test/support/tankd.ts";
import { keepReport, median, option, print, printHead, printMachine, printRow } from "./measure.ts";
import { endNode, startNode } from "./node.ts";
import { processorTime, residentMegabytes, usedBetween, usedMs } from "./proc.ts";

const PORT = 18_210;
const RUNS = Number(option("runs", "5"));
const SETTLE_SECONDS = Number(option("settle", "60"));
const WINDOW_SECONDS = Number(option("window", "20"));
const BASE = option("base", "");
const LOOK_MS = 5;
const GIVE_UP_MS = 30_000;
const TANKS = [0, 1] as const;

interface Cost {
  readonly startMs: number;
  readonly idleMsPerSecond: number;
  readonly residentMb: number;
}

/** The log tells of the role without a request, which the node would have to answer. */
async function untilRole(logPath: string): Promise<void> {
  const begun = performance.now();
  while (!existsSync(logPath) || !readFileSync(logPath, "utf8").includes('"role decided"')) {
    if (performance.now() - begun > GIVE_UP_MS) throw new Error(`no role; see ${logPath}`);
    await Bun.sleep(LOOK_MS);
  }
}

async function measure(binary: string, tanks: number): Promise<Cost> {
  const logs = await mkdtemp(join(tmpdir(), "tankd-bench-log-"));
  const logPath = join(logs, "log");
  const flags = ["--discovery", "none", "--tanks", `${tanks}`];
  const node = startNode({ port: PORT, binary, logPath }, ...flags);
  const { pid } = node;
  try {
    await untilRole(logPath);
    const startMs = usedMs(pid);
    await Bun.sleep(SETTLE_SECONDS * 1000);
    const [before, beganMs] = [processorTime(pid), performance.now()];
    await Bun.sleep(WINDOW_SECONDS * 1000);
    const used = usedBetween(before, processorTime(pid));
    const seconds = (performance.now() - beganMs) / 1000;
    const idleMs = [...used.threads.values()].reduce((sum, ms) => sum + ms, 0);
    return { startMs, idleMsPerSecond: idleMs / seconds, residentMb: residentMegabytes(pid) };
  } finally {
    await endNode(node);
    await rm(logs, { recursive: true });
  }
}

const builds = [
  { name: "this build", binary: TANKD },
  ...(BASE === "" ? [] : [{ name: "base", binary: BASE }]),
];
const costs = new Map<string, Cost[]>();
for (let run = 0; run < RUNS; run++) {
  for (const tanks of TANKS) {
    for (const { name, binary } of builds) {
      const key = `${name}, ${tanks} tanks`;
      costs.set(key, [...(costs.get(key) ?? []), await measure(binary, tanks)]);
    }
  }
}

function medianCost(name: string, tanks: number): Cost {
  const all = costs.get(`${name}, ${tanks} tanks`) ?? [];
  return {
    startMs: median(all.map(({ startMs }) => startMs)),
    idleMsPerSecond: median(all.map(({ idleMsPerSecond }) => idleMsPerSecond)),
    residentMb: median(all.map(({ residentMb }) => residentMb)),
  };
}

printMachine();
printHead("lone node", "start to role, CPU ms", "idle, CPU ms a second", "resident, MB");
for (const tanks of TANKS) {
  const rows = builds.map(({ name }) => ({ name, cost: medianCost(name, tanks) }));
  for (const { name, cost } of rows) {
    const { startMs, idleMsPerSecond, residentMb } = cost;
    const figures = [startMs.toFixed(0), idleMsPerSecond.toFixed(1), residentMb.toFixed(0)];
    printRow(`${name}, --tanks ${tanks}`, ...figures);
  }
  const [own, base] = rows;
  if (!own || !base) continue;
  const ratio = (of: (cost: Cost) => number) => (of(own.cost) / of(base.cost)).toFixed(2);
  printRow(
    `ratio, --tanks ${tanks}`,
    ratio(({ startMs }) => startMs),
    ratio(({ idleMsPerSecond }) => idleMsPerSecond),
    ratio(({ residentMb }) => residentMb),
  );
}
print("");
print(`Medians of ${RUNS} runs, ${SETTLE_SECONDS} s after the role, over ${WINDOW_SECONDS} s.`);
keepReport("idle");
