/** The tables of bench/discovery.ts. */
import { median, print, printHead, printRow, quantile } from "../measure.ts";
import type { Death } from "./dying.ts";
import type { Idle } from "./idling.ts";
import type { Join } from "./joining.ts";

/** By the name of the backend. The first is what the others are compared with. */
export type Measured<T> = ReadonlyMap<string, T>;

export function printJoins(measured: Measured<readonly Join[]>): void {
  print("### From the start of a second node to its first peer and its first fish");
  print("");
  printHead(
    "backend",
    "runs",
    "peer s, median",
    "p95",
    "of hub",
    "fish s, median",
    "p95",
    "of hub",
    "was a hub before",
  );
  const base = baseOf(measured);
  for (const [name, joins] of measured) {
    const peer = joins.map(({ peerMs }) => peerMs);
    const fish = joins.map(fishMsOf);
    printRow(
      name,
      joins.length,
      ...seconds(peer),
      ratio(
        peer,
        base.map(({ peerMs }) => peerMs),
      ),
      ...seconds(fish),
      ratio(fish, base.map(fishMsOf)),
      hubsFirst(joins),
    );
  }
  print("");
}

export function printIdle(measured: Measured<Idle>): void {
  print("### What a node costs when nothing happens, in an hour");
  print("");
  printHead("backend", "CPU s", "above hub", "of hub", "kB", "above hub", "of hub");
  const [base] = measured.values();
  for (const [name, idle] of measured) {
    if (base === undefined) break;
    printRow(
      name,
      idle.cpuSeconds.toFixed(1),
      (idle.cpuSeconds - base.cpuSeconds).toFixed(1),
      (idle.cpuSeconds / base.cpuSeconds).toFixed(2),
      (idle.bytes / 1000).toFixed(0),
      ((idle.bytes - base.bytes) / 1000).toFixed(0),
      (idle.bytes / base.bytes).toFixed(2),
    );
  }
  print("");
}

export function printDeaths(measured: Measured<readonly Death[]>, limitSeconds: number): void {
  print("### From the end of a machine (kill -9) to its last nomination");
  print("");
  printHead("backend", "kills", "s, median", "least–most", "its agent calls it failed, s, median");
  for (const [name, deaths] of measured) {
    const last = deaths.flatMap(({ nominatedMs }) => nominatedMs ?? []);
    const failed = deaths.flatMap(({ failedMs }) => failedMs ?? []);
    const isOver = last.length === deaths.length;
    const [middle, least, most] = [median(last), Math.min(...last), Math.max(...last)].map(
      toSeconds,
    );
    printRow(
      name,
      deaths.length,
      isOver ? (middle ?? "") : `still nominated after ${limitSeconds}`,
      isOver ? `${least}–${most}` : "",
      failed.length === 0 ? "" : toSeconds(median(failed)),
    );
  }
  print("");
}

/** The last is what the others are compared with. */
export function printAllAtOnce(measured: Measured<readonly Join[]>): void {
  print("### From the start of a second node to its role, all backends at once");
  print("");
  printHead("discovery", "runs", "role s, median", "p95", "of mdns alone", "was a hub before");
  const roles = (joins: readonly Join[]) => joins.map(({ roleMs }) => roleMs);
  const base = roles([...measured.values()].at(-1) ?? []);
  for (const [name, joins] of measured) {
    const own = roles(joins);
    printRow(name, joins.length, ...seconds(own), ratio(own, base), hubsFirst(joins));
  }
  print("");
}

function hubsFirst(joins: readonly Join[]): number {
  return joins.filter(({ firstRole }) => firstRole === "hub").length;
}

function baseOf<T>(measured: Measured<readonly T[]>): readonly T[] {
  return [...measured.values()][0] ?? [];
}

function fishMsOf({ fishMs }: Join): number {
  return fishMs ?? Number.NaN;
}

/** Median and 95th percentile. */
function seconds(times: readonly number[]): readonly [string, string] {
  return [toSeconds(median(times)), toSeconds(quantile(times, 0.95))];
}

function ratio(times: readonly number[], base: readonly number[]): string {
  return (median(times) / median(base)).toFixed(2);
}

function toSeconds(ms: number): string {
  return (ms / 1000).toFixed(2);
}
