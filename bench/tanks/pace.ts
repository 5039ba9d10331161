/** How a node full of tanks keeps its pace for a while. */
import { bytesWritten, type ProcessorTime, processorTime, usedBetween } from "../proc.ts";
import { Counters } from "./counters.ts";
import type { Crowd } from "./crowd.ts";
import type { Latencies, ProbeOrder } from "./prober.ts";

/** How often each tank's tick is looked at: a list of a thousand is a megabyte. */
const LOOK_INTERVAL_MS = 2500;

export interface Pace {
  readonly seconds: number;
  /** Ticks per second of all tanks together, from the node's counters. */
  readonly ticksPerSecond: number;
  /** See {@link Counters.ticksBehind}. */
  readonly ticksBehind: readonly number[];
  readonly skipped: number;
  readonly cpu: ProcessorTime;
  readonly bytesWritten: number;
  readonly counters: Counters;
}

/** Watches for so long, and does nothing else. */
export async function measurePace(crowd: Crowd, seconds: number): Promise<Pace> {
  const { api, pid } = crowd;
  const before = await Counters.of(api);
  const [cpu, bytes, beganMs] = [processorTime(pid), bytesWritten(pid).toDisk, performance.now()];
  await Bun.sleep(seconds * 1000);
  const counters = (await Counters.of(api)).since(before);
  const lasted = (performance.now() - beganMs) / 1000;
  const { ticksBehind } = counters;
  return {
    seconds: lasted,
    ticksPerSecond: ticksBehind.reduce((sum, ticks) => sum + ticks, 0) / lasted,
    ticksBehind,
    skipped: counters.get("tankd_skipped_ticks_total"),
    cpu: usedBetween(cpu, processorTime(pid)),
    bytesWritten: bytesWritten(pid).toDisk - bytes,
    counters,
  };
}

/** Cores that the node used. */
export function coresOf({ cpu, seconds }: Pace): number {
  return (cpu.user + cpu.system) / 1000 / seconds;
}

interface TankList {
  readonly tanks: readonly {
    readonly tank: { readonly tank_id: string; readonly tick: number };
    readonly fish_count: number;
  }[];
}

export interface Looks {
  /** Ticks per second of each tank: the slope of its ticks over time. */
  readonly rates: readonly number[];
  /** Of a tank, in the mean. */
  readonly fish: number;
}

/**
 * Looks at every tank again and again until `done`. A list shows ticks of up to a quarter of a
 * second ago: a line through many looks is ten times as exact as the difference of two.
 */
export async function watchTanks({ api }: Crowd, done: Promise<unknown>): Promise<Looks> {
  const points = new Map<string, { readonly seconds: number; readonly tick: number }[]>();
  let [going, fish, looked] = [true, 0, 0];
  void done.finally(() => {
    going = false;
  });
  while (going) {
    const { tanks }: TankList = JSON.parse(await api.text("/api/tanks"));
    const seconds = performance.now() / 1000;
    for (const { tank, fish_count } of tanks) {
      const own = points.get(tank.tank_id) ?? [];
      own.push({ seconds, tick: tank.tick });
      points.set(tank.tank_id, own);
      fish += fish_count;
      looked++;
    }
    await Promise.race([done, Bun.sleep(LOOK_INTERVAL_MS)]);
  }
  return { rates: [...points.values()].map(slope), fish: fish / looked };
}

/** Least squares. */
function slope(points: readonly { readonly seconds: number; readonly tick: number }[]): number {
  const mean = (of: (point: (typeof points)[number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean(({ seconds }) => seconds), mean(({ tick }) => tick)];
  const up = mean(({ seconds, tick }) => (seconds - x) * (tick - y));
  return up / mean(({ seconds }) => (seconds - x) ** 2);
}

/** Asks the node on and on until `done`. */
export async function probe(order: ProbeOrder, done: Promise<unknown>): Promise<Latencies> {
  const worker = new Worker(new URL("./prober.ts", import.meta.url));
  worker.postMessage(order);
  await done;
  const answer = new Promise<Latencies>((resolve, reject) => {
    worker.addEventListener("message", ({ data }: MessageEvent<Latencies>) => resolve(data));
    worker.addEventListener("error", ({ message }) => reject(new Error(message)));
  });
  worker.postMessage("stop");
  const latencies = await answer;
  worker.terminate();
  return latencies;
}
