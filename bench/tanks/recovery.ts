/** How long it takes until a hundred tanks are back. */
import { rm } from "node:fs/promises";
import type { NodeProcess } from "../../test/support/node-process.ts";
import { type Build, buildsToCompare } from "../cluster/builds.ts";
import { print, printHead, printRow } from "../measure.ts";
import { isHealthy, startNode, until } from "../node.ts";
import { processorTime } from "../proc.ts";
import { type Crowd, makeTanks, startAlone, tellAll } from "./crowd.ts";
import { spread } from "./words.ts";

const PORT = 18_203;
const ROUNDS = 5;
/** Faster than life, so that tails grow in seconds; what comes back goes at its usual pace. */
const HASTE = 240;
const USUAL = 30;
/** No snapshot is taken so soon after a start: it is all tail. */
const LIFE_MS = 4500;
const FEEDS_PER_TANK = 18;

/** `GET /api/recovery` */
interface Recovery {
  readonly recovered: number;
  /** Absent in builds that replay every tank. */
  readonly from_memory?: number;
  readonly from_snapshots: number;
  readonly replayed_commands: number;
  readonly replayed_ticks: number;
  readonly duration_ms: number;
  readonly stopped: readonly unknown[];
}

interface Start {
  /** From exec until the tanks are there. */
  readonly healthyMs: number;
  readonly cpuMs: number;
  readonly recovery: Recovery;
}

type Ending = "SIGTERM" | "SIGKILL";

/** The starts of one build, by what had ended the node before. */
interface Starts extends Record<Ending, Start[]> {
  readonly build: Build;
}

/** A data directory with its tanks, on which nothing runs. */
interface Home {
  readonly build: Build;
  readonly directory: string;
  readonly ids: readonly string[];
}

/**
 * Stops and kills a node of each build in turns, with a stream of commands before each end. Only
 * one runs at a time.
 */
export async function benchRecovery(tanks: number): Promise<void> {
  const homes: Home[] = [];
  for (const build of buildsToCompare()) homes.push(await settle(build, tanks));
  const all = homes.map(({ build }): Starts => ({ build, SIGTERM: [], SIGKILL: [] }));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, home] of homes.entries()) await liveTwice(home, all[index] as Starts);
  }
  for (const { directory } of homes) await rm(directory, { recursive: true });
  printStarts(tanks, all);
}

async function settle(build: Build, tanks: number): Promise<Home> {
  const crowd = await startAlone({ port: PORT, binary: build.binary });
  const ids = await makeTanks(crowd, tanks);
  await crowd.node.stop();
  return { build, directory: crowd.node.directory, ids };
}

async function liveTwice({ build, directory, ids }: Home, starts: Starts): Promise<void> {
  const start = () =>
    startNode({ port: PORT, binary: build.binary, directory }, "--discovery", "none");
  let node = start();
  await until(node, "/health", isHealthy);
  for (const ending of ["SIGTERM", "SIGKILL"] as const) {
    await live({ node, api: node.api, pid: node.pid }, ids);
    await node.stop(ending);
    node = start();
    starts[ending].push(await measureStart(node));
  }
  await node.stop();
}

/** A while with commands up to its end. */
async function live(crowd: Crowd, ids: readonly string[]): Promise<void> {
  await tellAll(crowd, ids, "speed", { tick_rate: HASTE });
  const beganMs = performance.now();
  for (let feed = 1; feed <= FEEDS_PER_TANK; feed++) {
    const restMs = beganMs + (feed * LIFE_MS) / FEEDS_PER_TANK - performance.now();
    await Bun.sleep(Math.max(0, restMs));
    await tellAll(crowd, ids, "feed", { portions: 1 });
  }
  await tellAll(crowd, ids, "speed", { tick_rate: USUAL });
}

async function measureStart(node: NodeProcess): Promise<Start> {
  const healthyMs = await until(node, "/health", isHealthy);
  const { user, system } = processorTime(node.pid);
  const recovery: Recovery = JSON.parse(await node.api.text("/api/recovery"));
  if (recovery.stopped.length > 0) throw new Error("a tank did not come back");
  return { healthyMs, cpuMs: user + system, recovery };
}

function printStarts(tanks: number, all: readonly Starts[]): void {
  print(
    `Recovery of ${tanks} tanks, ${ROUNDS} times after a clean stop and ${ROUNDS} times after ` +
      `kill -9, each after ${LIFE_MS / 1000} s at ${HASTE} ticks/s ` +
      `with ${FEEDS_PER_TANK + 2} commands a tank; the builds take turns. ` +
      "The median with the least and the most:",
  );
  print("");
  const columns = (["SIGTERM", "SIGKILL"] as const).flatMap((ending) =>
    all.map((starts) => ({
      name: `${ending === "SIGTERM" ? "clean stop" : "kill -9"}, ${starts.build.name}`,
      starts: starts[ending],
    })),
  );
  printHead("", ...columns.map(({ name }) => name));
  const row = (name: string, of: (start: Start) => number, digits: number) =>
    printRow(name, ...columns.map(({ starts }) => spread(starts.map(of), digits)));
  row("ms from exec until all are there", ({ healthyMs }) => healthyMs, 0);
  row("of them ms of recovery", ({ recovery }) => recovery.duration_ms, 0);
  row("ms of processor time until then", ({ cpuMs }) => cpuMs, 0);
  row("ticks replayed per tank", ({ recovery }) => recovery.replayed_ticks / tanks, 0);
  row("commands replayed per tank", ({ recovery }) => recovery.replayed_commands / tanks, 1);
  row("tanks that went on from memory", ({ recovery }) => recovery.from_memory ?? 0, 0);
  row("tanks that began at a snapshot", ({ recovery }) => recovery.from_snapshots, 0);
  print("");
  printRatios(all);
}

/** Of this build to the base, pair by pair. */
function printRatios([present, base]: readonly Starts[]): void {
  if (present === undefined || base === undefined) return;
  const ratios = (ending: Ending, of: (start: Start) => number) =>
    present[ending].map((start, round) => of(start) / of(base[ending][round] as Start));
  for (const [words, ending] of [
    ["a clean stop", "SIGTERM"],
    ["kill -9", "SIGKILL"],
  ] as const) {
    const time = spread(
      ratios(ending, ({ healthyMs }) => healthyMs),
      2,
    );
    const cpu = spread(
      ratios(ending, ({ cpuMs }) => cpuMs),
      2,
    );
    const { name } = base.build;
    print(`After ${words}: ${time} × of the time of ${name}, ${cpu} × of its processor time.`);
    print("");
  }
}
