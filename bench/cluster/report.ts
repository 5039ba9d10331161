/** The tables of bench/cluster.ts. */
import { median, print, printHead, printRow } from "../measure.ts";
import type { Costs } from "./costs.ts";
import type { Gathering, Idle } from "./gathering.ts";

/** One gathering of one build, and its floor. */
export interface Sample {
  readonly build: string;
  readonly gathering: Gathering;
  readonly floor: Costs;
}

interface Figures {
  readonly exact: string;
  readonly held: string;
  /** Medians. */
  readonly seconds: number;
  readonly cpu: number;
  readonly floor: number;
  readonly multicast: number;
  readonly requests: number;
  readonly lookingCpu: number;
}

export function printGatherings(bySize: ReadonlyMap<number, readonly Sample[]>): void {
  printHead(
    "nodes",
    "build",
    "exact list s, median (least–most)",
    "exact, still so 5 s later",
    "CPU s",
    "of that many lone nodes",
    "above them, a node",
    "multicast packets",
    "looking: requests, CPU s",
  );
  for (const [nodes, samples] of bySize) {
    const figures = new Map<string, Figures>();
    for (const build of new Set(samples.map((sample) => sample.build))) {
      const own = figuresOf(samples.filter((sample) => sample.build === build));
      figures.set(build, own);
      printRow(
        nodes,
        build,
        own.exact,
        own.held,
        own.cpu.toFixed(1),
        own.floor.toFixed(1),
        ((own.cpu - own.floor) / nodes).toFixed(2),
        own.multicast.toFixed(0),
        `${own.requests.toFixed(0)}, ${own.lookingCpu.toFixed(1)}`,
      );
    }
    printRatios(nodes, figures);
  }
  print("");
}

function printRatios(nodes: number, figures: ReadonlyMap<string, Figures>): void {
  const [present, base] = [figures.get("new"), figures.get("base")];
  if (present === undefined || base === undefined) return;
  const ratio = (of: (one: Figures) => number) => (of(present) / of(base)).toFixed(2);
  printRow(
    nodes,
    "ratio",
    ratio(({ seconds }) => seconds),
    "",
    ratio(({ cpu }) => cpu),
    ratio(({ floor }) => floor),
    ratio(({ cpu, floor }) => cpu - floor),
    ratio(({ multicast }) => multicast),
    "",
  );
}

function figuresOf(samples: readonly Sample[]): Figures {
  const of = (read: (sample: Sample) => number) => median(samples.map(read));
  const gatherings = samples.map(({ gathering }) => gathering);
  const exact = gatherings.flatMap(({ exactSeconds }) => exactSeconds ?? []);
  const held = gatherings.filter(({ exactSeconds, flaw }) => exactSeconds !== undefined && !flaw);
  return {
    exact: exact.length === 0 ? `not in ${of(secondsOf).toFixed(0)} s` : spread(exact),
    held: `${exact.length}, ${held.length} of ${samples.length}`,
    seconds: of(secondsOf),
    cpu: of(({ gathering }) => gathering.costs.cpuSeconds),
    floor: of(({ floor }) => floor.cpuSeconds),
    multicast: of(({ gathering }) => gathering.costs.multicastPackets),
    requests: of(({ gathering }) => gathering.looking.requests),
    lookingCpu: of(({ gathering }) => gathering.looking.cpuSeconds),
  };
}

const secondsOf = ({ gathering }: Sample) => gathering.seconds;

function spread(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(1)} (${least.toFixed(1)}–${most.toFixed(1)})`;
}

export interface IdleRow {
  readonly nodes: number;
  readonly build: string;
  readonly cluster: Idle;
  readonly lone: Idle;
}

export function printIdle(rows: readonly IdleRow[]): void {
  printHead("nodes", "build", "cores", "of that many lone nodes", "multicast packets/s", "whole");
  for (const { nodes, build, cluster, lone } of rows) {
    printRow(
      nodes,
      build,
      cluster.cores.toFixed(3),
      lone.cores.toFixed(3),
      cluster.multicastPerSecond.toFixed(1),
      cluster.flaw ?? "yes",
    );
  }
  print("");
}
