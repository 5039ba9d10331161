/**
 * What it takes to move fish between two nodes: how long a durable transfer takes, how many a
 * second, and the processor time of one; beside an earlier build in turns.
 *
 *   make build && bun bench/transfers.ts [--base BINARY] [--binary NEW] [--seconds 6] [--rounds 2]
 *       [--pairs 32] [--tankworld DIR] [--write]
 *
 * Latency: 8 pairs of tanks that tick at 30/s, one fish each way at a draw, every 2 s. Throughput:
 * tanks that stand still, so that the processor time is that of the transfers. The
 * delay needs Linux, root and Python: a cable in user space makes it, since not every kernel has
 * netem. Every build is measured with itself, since their protocols differ.
 */
import { whyNoCables } from "../test/support/cable.ts";
import { whyNoNamespaces } from "../test/support/namespace-host.ts";
import { TANKD } from "../test/support/tankd.ts";
import {
  keepReport,
  median,
  option,
  print,
  printHead,
  printMachine,
  printRow,
  quantile,
} from "./measure.ts";
import { reportMoves } from "./transfers/moves.ts";
import type { Layout, Pair } from "./transfers/pair.ts";
import { onLoopback, withDelay } from "./transfers/places.ts";
import { measureTankWorld } from "./transfers/tankworld.ts";

const binary = option("binary", TANKD);
const base = option("base", "");
const seconds = Number(option("seconds", "6"));
const rounds = Number(option("rounds", "2"));
const pairs = option("pairs", "32");
const DELAY_MS = 20;
const LATENCY_FLAGS = ["--tanks", "8", "--fish", "50", "--no-auto-connect"];
/** Nothing leaves in the first seconds of a node, and the compiler warms up. */
const SETTLE_MS = 6_000;
const IDLE_MS = 3_000;

interface Load {
  readonly name: string;
  readonly binary: string;
  readonly layout: Layout;
  readonly flags: readonly string[];
  readonly terms: Readonly<Record<string, unknown>>;
}

/** As many as the source can find: what the destination would refuse does not count. */
const QUOTAS_RAISED = [
  ...["--inbound-transfers-per-second", "100000", "--inbound-transfers-burst", "100000"],
  ...["--draw-interval", "100ms"],
];
const ALL_AT_ONCE = { count: 100, force: true };

const LOADS: readonly Load[] = [
  ...(base === ""
    ? []
    : [
        {
          name: "base, each with all",
          binary: base,
          layout: "mesh",
          flags: [],
          terms: {},
        } as const,
      ]),
  { name: "each with all", binary, layout: "mesh", flags: [], terms: { force: true } },
  {
    name: "single",
    binary,
    layout: "pairs",
    flags: [...QUOTAS_RAISED, "--transfers-per-batch", "1"],
    terms: ALL_AT_ONCE,
  },
  { name: "batched", binary, layout: "pairs", flags: QUOTAS_RAISED, terms: ALL_AT_ONCE },
];

async function latency(pair: Pair): Promise<readonly number[]> {
  await pair.connect("pairs");
  await Bun.sleep(SETTLE_MS);
  const sinceMs = Date.now();
  await Bun.sleep(seconds * 1000);
  return pair.latencies(sinceMs);
}

interface Throughput {
  readonly perSecond: number;
  /** Processor time of both nodes for one transfer, without what they use idle. */
  readonly microseconds: number;
}

async function throughput(pair: Pair, { layout, terms }: Load): Promise<Throughput> {
  await pair.pauseTanks();
  await Bun.sleep(SETTLE_MS - IDLE_MS);
  const idleFromMs = pair.processorMs();
  await Bun.sleep(IDLE_MS);
  const idleShare = (pair.processorMs() - idleFromMs) / IDLE_MS;
  await pair.connect(layout, terms);
  await Bun.sleep(IDLE_MS);
  const [countBefore, cpuBeforeMs, begunMs] = [
    await pair.delivered(),
    pair.processorMs(),
    performance.now(),
  ];
  await Bun.sleep(seconds * 1000);
  const transfers = (await pair.delivered()) - countBefore;
  const tookMs = performance.now() - begunMs;
  const spentMs = pair.processorMs() - cpuBeforeMs - idleShare * tookMs;
  return { perSecond: (transfers * 1000) / tookMs, microseconds: (spentMs * 1000) / transfers };
}

/** Each subject once a round, in turns. */
async function inTurns<S, T>(
  subjects: readonly S[],
  measure: (subject: S) => Promise<T>,
): Promise<ReadonlyMap<S, readonly T[]>> {
  const measured = new Map<S, T[]>(subjects.map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) measured.get(subject)?.push(await measure(subject));
  }
  return measured;
}

async function reportLatency(): Promise<void> {
  print("Milliseconds from the export of a fish until its source knows that it is durable there:");
  print("");
  printHead("network", "build", "p50", "p95", "p99", "transfers");
  const builds = base === "" ? [binary] : [base, binary];
  const places = [
    ["loopback", (build: string) => onLoopback(build, LATENCY_FLAGS, latency)],
    [
      `${DELAY_MS} ms each way`,
      (build: string) => withDelay(build, LATENCY_FLAGS, DELAY_MS, latency),
    ],
  ] as const;
  for (const [place, measure] of places) {
    const hindrance =
      place === "loopback" ? undefined : ((await whyNoNamespaces()) ?? whyNoCables());
    if (hindrance !== undefined) {
      print(`${place} was left out: ${hindrance}.`);
      continue;
    }
    for (const [build, all] of await inTurns(builds, measure)) {
      const figures = [0.5, 0.95, 0.99].map((share) => quantile(all.flat(), share));
      printRow(place, build === base ? "base" : "this", ...figures, all.flat().length);
    }
  }
  print("");
}

async function reportThroughput(): Promise<void> {
  const measured = await inTurns(LOADS, (load) =>
    onLoopback(
      load.binary,
      ["--tanks", pairs, "--fish", "50", "--no-auto-connect", ...load.flags],
      (pair) => throughput(pair, load),
    ),
  );
  const figures = [...measured].map(([{ name }, all]) => ({
    name,
    perSecond: median(all.map((one) => one.perSecond)),
    microseconds: median(all.map((one) => one.microseconds)),
  }));
  const baseline = base === "" ? undefined : figures[0]?.microseconds;
  print(`${pairs} tanks on each of two nodes, fish both ways:`);
  print("");
  printHead("load", "transfers/s", "µs of processor each, both nodes", "share of the base");
  for (const { name, perSecond, microseconds } of figures) {
    const share = baseline === undefined ? "" : `${((100 * microseconds) / baseline).toFixed(0)} %`;
    printRow(name, Math.round(perSecond), Math.round(microseconds), share);
  }
  print("");
}

printMachine();
await reportLatency();
await reportThroughput();
await reportMoves(binary);
measureTankWorld(option("tankworld", ""));
keepReport("transfers");
