/** How long it takes until a hundred tanks are back. */
import type { NodeProcess } from "../../test/support/node-process.ts";
import { print, printHead, printRow } from "../measure.ts";
import { endNode, isHealthy, startNode, until } from "../node.ts";
import { processorTime } from "../proc.ts";
import { type Crowd, makeTanks, startAlone, tellAll } from "./crowd.ts";
import { spread } from "./words.ts";

const PORT = 18_203;
const ROUNDS = 3;
/** Faster than life, so that tails grow in seconds; what comes back goes at its usual pace. */
const HASTE = 240;
const USUAL = 30;
/** No snapshot is taken so soon after a start: it is all tail. */
const LIFE_MS = 4500;
const FEEDS_PER_TANK = 18;

/** `GET /api/recovery` */
interface Recovery {
  readonly recovered: number;
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

/** Stops and kills the same node in turns, with a stream of commands before each end. */
export async function benchRecovery(tanks: number): Promise<void> {
  const crowd = await startAlone(PORT);
  const ids = await makeTanks(crowd, tanks);
  let node = crowd.node;
  const after: Record<"SIGTERM" | "SIGKILL", Start[]> = { SIGTERM: [], SIGKILL: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await live({ ...crowd, node, api: node.api }, ids);
      await node.stop(signal);
      node = startNode({ port: PORT, directory: node.directory }, "--discovery", "none");
      after[signal].push(await measureStart(node));
    }
  }
  await endNode(node);
  printStarts(tanks, after);
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

function printStarts(tanks: number, after: Record<"SIGTERM" | "SIGKILL", Start[]>): void {
  print(
    `Recovery of ${tanks} tanks, ` +
      `${ROUNDS} times after a clean stop and ${ROUNDS} times after kill -9, ` +
      `each after ${LIFE_MS / 1000} s at ${HASTE} ticks/s ` +
      `with ${FEEDS_PER_TANK + 2} commands a tank; ` +
      "the median with the least and the most:",
  );
  print("");
  printHead("", "clean stop", "kill -9");
  const row = (name: string, of: (start: Start) => number, digits: number) =>
    printRow(
      name,
      ...[after.SIGTERM, after.SIGKILL].map((starts) => spread(starts.map(of), digits)),
    );
  row("ms from exec until all are there", ({ healthyMs }) => healthyMs, 0);
  row("of them ms of recovery", ({ recovery }) => recovery.duration_ms, 0);
  row("ms of processor time until then", ({ cpuMs }) => cpuMs, 0);
  row("ticks replayed per tank", ({ recovery }) => recovery.replayed_ticks / tanks, 0);
  row("commands replayed per tank", ({ recovery }) => recovery.replayed_commands / tanks, 1);
  row("tanks that began at a snapshot", ({ recovery }) => recovery.from_snapshots, 0);
  print("");
}
