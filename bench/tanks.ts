/**
 * Hosting: what a node with many tanks can do and what it costs, against the compiled program.
 *
 *   make build && bun bench/tanks.ts [--only a,b,…] [--write]
 *
 * The parts, about a quarter of an hour together:
 *   pace       1,000 tanks × 50 fish × 30 ticks/s: rate, lag, processor time, memory, latency
 *   busy       latency while every core simulates as fast as it goes
 *   most       the largest number of tanks that holds
 *   creation   until a new tank is durable
 *   recovery   100 tanks after a clean stop and after kill -9
 *   snapshots  their share of the processor time (measured with pace)
 *   writing    bytes of log, snapshots and disk per hour of a tank
 *   memory     of a tank at its cap, and of an idle node
 *   start      exec to /health
 * Small tries: --tanks 200 --seconds 6. It wants the machine for itself: what disturbs it shows in
 * the brackets behind the medians. With `--write` the report goes into docs/benchmarks.md.
 */
import {
  keepReport,
  option,
  print,
  printHead,
  printMachine,
  printRow,
  quantile,
} from "./measure.ts";
import { measureAnswers } from "./starting.ts";
import { benchBusy } from "./tanks/busy.ts";
import { benchCreation } from "./tanks/creation.ts";
import { benchMemory } from "./tanks/memory.ts";
import { benchMost } from "./tanks/most.ts";
import { benchRealTime } from "./tanks/real-time.ts";
import { benchRecovery } from "./tanks/recovery.ts";
import { benchWriting } from "./tanks/writing.ts";

const PARTS = [
  "pace",
  "busy",
  "most",
  "creation",
  "recovery",
  "snapshots",
  "writing",
  "memory",
  "start",
] as const;
type Part = (typeof PARTS)[number];

const tanks = Number(option("tanks", "1000"));
const seconds = Number(option("seconds", "60"));
const wanted = partsOf(option("only", PARTS.join(",")));
const isWhole = PARTS.every((part) => wanted.has(part));

function partsOf(text: string): ReadonlySet<Part> {
  const words = text.split(",");
  const known = PARTS.filter((part) => words.includes(part));
  if (known.length === words.length) return new Set(known);
  throw new Error(`--only takes some of ${PARTS.join(",")}`);
}

async function benchStart(runs: number): Promise<void> {
  const { answered, healthy } = await measureAnswers(runs);
  print(`From exec, ${runs} runs, milliseconds:`);
  print("");
  printHead("", "median", "p95", "max");
  for (const [name, times] of [
    ["first answer on /health", answered],
    ["healthy: its tank is there", healthy],
  ] as const) {
    printRow(name, ...[0.5, 0.95, 1].map((share) => quantile(times, share).toFixed(0)));
  }
  print("");
}

printMachine();
// First what needs the quietest machine; each part has nodes of its own.
if (wanted.has("start")) await benchStart(20);
if (wanted.has("memory")) {
  await benchMemory({ steps: [1, tanks / 10, (3 * tanks) / 10], idleRuns: 3 });
}
if (wanted.has("creation")) await benchCreation({ creations: 200, tanks: tanks / 2 });
if (wanted.has("recovery")) await benchRecovery(tanks / 10);
if (wanted.has("pace") || wanted.has("snapshots")) {
  const parts = { pace: wanted.has("pace"), snapshots: wanted.has("snapshots") };
  await benchRealTime({ tanks, seconds, warmUpSeconds: 30 }, parts);
}
if (wanted.has("busy")) await benchBusy(seconds / 2);
if (wanted.has("most")) await benchMost({ first: tanks, seconds: seconds / 2 });
if (wanted.has("writing")) await benchWriting(3 * seconds);
if (isWhole) keepReport("tanks");
// Bun 1.4.5 sometimes waits for ever at the end, with nothing left to wait for.
process.exit(0);
