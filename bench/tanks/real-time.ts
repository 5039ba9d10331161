/** A thousand tanks in real time: rate, lag, processor time, memory, latency, snapshots. */
import { encodeSnapshot } from "../../src/tanks/snapshots/snapshot-file.ts";
import { median, perCall, print, printHead, printRow, quantile } from "../measure.ts";
import { endNode } from "../node.ts";
import { residentMegabytes } from "../proc.ts";
import { lagQuantile } from "./counters.ts";
import { type Crowd, makeTanks, startAlone } from "./crowd.ts";
import { printLatencies } from "./latencies.ts";
import { coresOf, type Looks, measurePace, type Pace, probe, watchTanks } from "./pace.ts";
import type { Latencies } from "./prober.ts";
import { atMost, megabytes, percent, spread } from "./words.ts";

const PORT = 18_200;
const ROUNDS = 3;
const TICKS_PER_SECOND = 30;

export interface RealTimeOptions {
  readonly tanks: number;
  /** Of all rounds together. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

interface RealTime {
  readonly rounds: readonly Pace[];
  readonly looks: Looks;
  readonly latencies: Latencies;
  readonly residentMb: number;
}

/** Runs it once; prints the parts that are wanted. */
export async function benchRealTime(
  options: RealTimeOptions,
  wanted: { readonly pace: boolean; readonly snapshots: boolean },
): Promise<void> {
  const crowd = await startAlone({ port: PORT });
  const ids = await makeTanks(crowd, options.tanks);
  await Bun.sleep(options.warmUpSeconds * 1000);
  const measured = await measure(crowd, ids[0] ?? "", options);
  await endNode(crowd.node);
  if (wanted.pace) printPace(options, measured);
  if (wanted.snapshots) printSnapshots(options, measured);
}

async function measure(
  crowd: Crowd,
  tank: string,
  { seconds }: RealTimeOptions,
): Promise<RealTime> {
  const running = (async () => {
    const rounds: Pace[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push(await measurePace(crowd, seconds / ROUNDS));
    }
    return rounds;
  })();
  const order = { url: crowd.node.url, token: crowd.node.token, tank };
  const [rounds, looks, latencies] = await Promise.all([
    running,
    watchTanks(crowd, running),
    probe(order, running),
  ]);
  return { rounds, looks, latencies, residentMb: residentMegabytes(crowd.pid) };
}

function printPace(options: RealTimeOptions, { rounds, looks, latencies, residentMb }: RealTime) {
  const asked = options.tanks * TICKS_PER_SECOND;
  const behind = sumOf(rounds);
  const ticks = behind.reduce((sum, some) => sum + some, 0);
  print(
    `${options.tanks} tanks at ${TICKS_PER_SECOND} ticks/s, ` +
      `${looks.fish.toFixed(0)} fish each in the mean, ` +
      `${ROUNDS} rounds of ${(options.seconds / ROUNDS).toFixed(0)} s ` +
      `after ${options.warmUpSeconds} s; ` +
      "the median, and in brackets the least and the most of the rounds:",
  );
  print("");
  printHead("", "value");
  const reached = rounds.map(({ ticksPerSecond }) => (100 * ticksPerSecond) / asked);
  printRow("ticks/s asked for", asked);
  printRow("reached", spread(reached, 2, "%"));
  const slowest = quantile(looks.rates, 0.01);
  printRow("of the slowest 1 % of tanks", percent(slowest / TICKS_PER_SECOND, 2));
  printRow("ticks that began in time", percent((behind[0] ?? 0) / ticks, 2));
  printRow("lag p50, ticks", atMost(lagQuantile(behind, 0.5)));
  printRow("lag p99, ticks", atMost(lagQuantile(behind, 0.99)));
  printRow("lag at most, ticks", atMost(lagQuantile(behind, 1)));
  printRow(
    "ticks left out",
    rounds.reduce((sum, { skipped }) => sum + skipped, 0),
  );
  printRow("cores used", spread(rounds.map(coresOf), 2));
  printRow(
    "of them system",
    spread(
      rounds.map(({ cpu, seconds }) => cpu.system / seconds / 1000),
      2,
    ),
  );
  for (const [name, cores] of threadsOf(rounds)) printRow(`thread ${name}`, cores.toFixed(3));
  printRow("resident memory", megabytes(residentMb));
  print("");
  printLatencies(latencies);
}

/**
 * A tick begins in time when it begins before the next is due. Each tick counts, as the thread
 * meets it; the ticks that were left out are counted beside it.
 */
function sumOf(rounds: readonly Pace[]): readonly number[] {
  const [first, ...others] = rounds.map(({ ticksBehind }) => ticksBehind);
  return (first ?? []).map((ticks, place) =>
    others.reduce((sum, other) => sum + (other[place] ?? 0), ticks),
  );
}

/** Cores that each kind of thread used; those that matter. */
function threadsOf(rounds: readonly Pace[]): readonly (readonly [string, number])[] {
  const names = new Set(rounds.flatMap(({ cpu }) => [...cpu.threads.keys()]));
  return [...names]
    .map((name) => {
      const cores = rounds.map(({ cpu, seconds }) => (cpu.threads.get(name) ?? 0) / seconds / 1000);
      return [name, median(cores)] as const;
    })
    .filter(([, cores]) => cores >= 0.001)
    .sort(([, one], [, other]) => other - one);
}

/** What is compressed to a usual snapshot, for what its encoding takes. */
const ENCODED = { batches: 21, calls: 20 };

function printSnapshots({ tanks }: RealTimeOptions, { rounds }: RealTime): void {
  const sum = (of: (round: Pace) => number) => rounds.reduce((all, one) => all + of(one), 0);
  const seconds = sum((one) => one.seconds);
  const count = sum(({ counters }) => counters.get("tankd_snapshots_total"));
  const bytes = sum(({ counters }) => counters.get("tankd_snapshot_bytes_total"));
  const captureMs =
    1000 * sum(({ counters }) => counters.get("tankd_snapshot_capture_seconds_total"));
  const durableMs =
    1000 * sum(({ counters }) => counters.get("tankd_snapshot_write_seconds_total"));
  const encodeMs = count * encodingMs(bytes / Math.max(1, count));
  // Files are written, synced and renamed by the runtime's pool of threads, which does nothing
  // else.
  const poolMs = sum(({ cpu }) => cpu.threads.get("Bun Pool") ?? 0);
  const allMs = sum(({ cpu }) => cpu.user + cpu.system);
  print(`Snapshots of the same ${tanks} tanks over ${seconds.toFixed(0)} s:`);
  print("");
  printHead("", "value");
  printRow("snapshots", count);
  printRow("per tank and hour", ((count / tanks / seconds) * 3600).toFixed(1));
  printRow("kB each", (bytes / count / 1000).toFixed(1));
  printRow("ms to capture one (copy, digest, compress)", (captureMs / count).toFixed(2));
  printRow("ms until one is durable", (durableMs / count).toFixed(1));
  printRow("share of CPU: capture", percent(captureMs / allMs, 2));
  printRow("share of CPU: encode (checksum of the file)", percent(encodeMs / allMs, 2));
  printRow("share of CPU: write, sync, rename", percent(poolMs / allMs, 2));
  printRow("share of CPU in all", percent((captureMs + encodeMs + poolMs) / allMs, 2));
  print("");
}

function encodingMs(bytes: number): number {
  const packed = new Uint8Array(Math.max(1, Math.round(bytes) || 1));
  const header = {
    tank_id: "0000000000000000",
    epoch: 1,
    engine_version: 1,
    seq: 1,
    tick: 1,
    digest: "",
    log_checksum: "",
    paused: false,
    tick_rate: TICKS_PER_SECOND,
  };
  return perCall(ENCODED.batches, ENCODED.calls, () => encodeSnapshot(header, packed)).cpuMs;
}
