import type { Core } from "../../src/node/core.ts";
import type { Fork } from "../../src/platform/simulated/world.ts";
import { ClusterWatch } from "../support/simulated/cluster-watch.ts";
import type { Run } from "./branches.ts";
import {
  checkAudit,
  checkFenced,
  checkHub,
  checkLedger,
  checkReplay,
  type Finding,
  isSettled,
} from "./checks.ts";
import { type ClusterOptions, SimulatedCluster, type SimulatedNode } from "./cluster.ts";
import { Nemesis } from "./nemesis.ts";
import { SABOTAGE, type SabotageName } from "./sabotage.ts";

/** Time to find each other before the nemesis begins. */
export const QUIET_MS = 5_000;
const STORM_MS = 120_000;
/**
 * After the storm everything must come to rest. The longest wait is that of a transfer whose
 * partition has just healed: its pause of up to 30 s, then the patience of 60 s until it gives up.
 */
export const REST_MS = 240_000;
/**
 * Once it is calm one hub is agreed on within this time, and stays for as long as anybody looks.
 */
export const HUB_WITHIN_MS = 15_000;
export const HUB_STAYS_MS = 15_000;
const STOP_MS = 10_000;

export interface ScenarioOptions {
  readonly seed: number;
  readonly nodes?: number;
  /** Tanks of each node that are moved between its threads all the time. */
  readonly restlessTanks?: number;
  readonly sabotage?: SabotageName;
  readonly fork?: Fork | undefined;
}

export interface Report extends Run {
  readonly seed: number;
  readonly kills: number;
  /** Moves of tanks from thread to thread that were begun. */
  readonly moves: number;
  readonly transfers: number;
  readonly returned: number;
  readonly settledAfterMs: number;
  readonly trace: string;
}

/** One seed: form a cluster, let everything go wrong for two minutes, then check every promise. */
export async function runScenario(options: ScenarioOptions): Promise<Report> {
  const cluster = new SimulatedCluster(clusterOptions(options));
  const { world } = cluster;
  const nemesis = new Nemesis(cluster);
  const watch = new ClusterWatch({
    world,
    nodes: () => cluster.watched,
    boundMs: HUB_WITHIN_MS,
    isCalm: () => !nemesis.isRaging,
  });
  cluster.bootAll();
  await world.run(QUIET_MS);
  if (options.seed % 2 === 0) await connectInRing(cluster);
  nemesis.rage();
  await world.run(QUIET_MS + STORM_MS);
  nemesis.calm();
  const restFromMs = world.nowMs;
  const { moves } = cluster;
  await stopMigrating(cluster);
  const settled = await world.runUntil(restFromMs + REST_MS, () => isSettled(cluster));
  const settledAfterMs = Math.round(world.nowMs - restFromMs);
  const findings = settled ? [] : unrest(cluster);
  // A report of a simulation is at most a few hundred milliseconds old.
  await world.run(Math.max(world.nowMs + 1_000, restFromMs + HUB_WITHIN_MS + HUB_STAYS_MS));
  findings.push(...(await checkLedger(cluster)), ...watch.end(), ...checkFenced(cluster));
  findings.push(...(await checkAudit(cluster)));
  findings.push(...(await stopAndReplay(cluster)));
  const { seed } = options;
  return {
    seed,
    findings,
    kills: nemesis.kills,
    moves,
    transfers: sumOf(cluster, ({ archive }) => archive.transfers),
    returned: sumOf(cluster, ({ archive }) => archive.returned),
    settledAfterMs,
    steps: world.steps,
    eventsBeforeFork: world.eventsBeforeFork,
    trace: world.traceDigest(),
  };
}

function clusterOptions(options: ScenarioOptions): ClusterOptions {
  const { seed, nodes, restlessTanks, sabotage, fork } = options;
  return {
    seed,
    nodes: nodes ?? (seed % 5 === 0 ? 5 : 3),
    // Every third run with tanks that are nearly full, so that refusals happen.
    fish: seed % 3 === 0 ? 98 : 30,
    ...(restlessTanks === undefined ? {} : { restlessTanks }),
    ...(sabotage === undefined ? {} : { sabotage: SABOTAGE[sabotage] }),
    fork,
  };
}

/**
 * Twice as many journeys in each direction of the ring as the automatic connections make, of
 * `count` fish at a time.
 */
export async function connectInRing(cluster: SimulatedCluster, count = 1): Promise<void> {
  const { cores, world } = cluster;
  const connected = cores.map((core, index) => {
    const next = cores[(index + 1) % cores.length] ?? core;
    return core.migration.connect({
      source_tank_id: firstTankOf(core),
      destination_tank_id: firstTankOf(next),
      destination_server_id: next.cluster.nodeId,
      probability: 100,
      direction: "both",
      count,
      force: true,
    });
  });
  await world.run(world.nowMs + 100);
  await Promise.all(connected);
}

function firstTankOf(core: Core): string {
  const [tank] = core.tanks.list();
  if (!tank) throw new Error("every simulated node has a tank");
  return tank.row.tank_id;
}

/** No new journeys, so that what is open can settle and be counted. */
export async function stopMigrating(cluster: SimulatedCluster): Promise<void> {
  const { world } = cluster;
  // Recovery takes simulated time; connections are known once it is over.
  await world.run(world.nowMs + 5_000);
  // Again: where an explicit connection goes, the automatic one comes back, until it is removed
  // too.
  for (let round = 0; round < 5 && cluster.connections().length > 0; round++) {
    const removals = cluster.sending.flatMap((core) =>
      core.migration.connections().map((one) => core.migration.disconnect(one.connection_id)),
    );
    await world.run(world.nowMs + 1_000);
    await Promise.all(removals);
  }
  if (cluster.connections().length > 0) throw new Error("connections come back");
}

export function unrest(cluster: SimulatedCluster): Finding[] {
  const escrows = cluster.cores.map((core) => core.migration.escrowCount);
  return [
    `no rest after ${REST_MS} ms: escrows ${escrows.join(", ")}, ${cluster.cores.length} nodes run`,
    ...checkHub(cluster),
  ];
}

export function sumOf(cluster: SimulatedCluster, count: (node: SimulatedNode) => number): number {
  return cluster.nodes.reduce((sum, node) => sum + count(node), 0);
}

export async function stopAndReplay(cluster: SimulatedCluster): Promise<readonly Finding[]> {
  const { world } = cluster;
  let stopped = 0;
  for (const core of cluster.cores) void core.stop().then(() => stopped++, world.fail.bind(world));
  const running = cluster.cores.length;
  if (!(await world.runUntil(world.nowMs + STOP_MS, () => stopped === running))) {
    return [`${running - stopped} nodes did not stop within ${STOP_MS} ms`];
  }
  const replays = await Promise.all(cluster.nodes.map((node) => checkReplay(node, cluster.nodes)));
  return replays.flat();
}
