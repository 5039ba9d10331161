import { auditBy, checkPlaces, checkReplay, type Finding, livingFish } from "./checks.ts";
import { SimulatedCluster, type SimulatedNode } from "./cluster.ts";
import { Nemesis } from "./nemesis.ts";
import { ROTS, type RotName, type Rotting, resealed } from "./rot.ts";
import { connectInRing, QUIET_MS } from "./scenario.ts";

const TANKS = 2;
const STORM_MS = 40_000;
/** Snapshots of the tanks are taken, and fish travel. */
const CALM_MS = 40_000;
/** Transfers under way when it happens are decided, or stay open. */
const AFTER_MS = 30_000;
const STOP_MS = 10_000;

export interface RotReport {
  readonly seed: number;
  readonly rot: RotName | "resealed";
  /** Why tanks of the node have stopped. */
  readonly stopped: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * One seed: a storm, then a node is killed among transfers, its disk rots, and it comes back. Each
 * of its tanks has to be what it was, or stopped with a reason; nothing may be deleted, and no
 * transfer be settled otherwise than both ends say.
 */
export async function runRot(options: {
  readonly seed: number;
  readonly isResealed?: boolean;
}): Promise<RotReport> {
  const { seed, isResealed = false } = options;
  const cluster = new SimulatedCluster({ seed, nodes: 3, fish: 30, restlessTanks: TANKS });
  const { world } = cluster;
  const draws = world.stream("rot");
  const names = Object.keys(ROTS) as RotName[];
  const rot = names[seed % names.length] ?? "stale";
  await toTraffic(cluster, draws.integer(5_000, STORM_MS));
  const victim = draws.pick(cluster.nodes);
  victim.losePower();
  await world.run(world.nowMs + draws.integer(100, 5_000));
  const rotting = await choose(victim, world.stream("places"));
  await (isResealed ? resealed : ROTS[rot])(rotting);
  const there = await victim.host.disk.list(`snapshots/${rotting.tank.tank_id}`);
  victim.boot();
  await world.run(world.nowMs + AFTER_MS);
  const stopped = stoppedIn(victim);
  const findings = [
    ...(await checkKept(victim, rotting, there)),
    ...checkPlaces(await livingFish(cluster)),
    ...(await checkNobodyAccused(cluster)),
    ...(await checkStates(cluster)),
  ];
  return { seed, rot: isResealed ? "resealed" : rot, stopped: [...stopped.values()], findings };
}

async function toTraffic(cluster: SimulatedCluster, stormMs: number): Promise<void> {
  const { world } = cluster;
  const nemesis = new Nemesis(cluster);
  cluster.bootAll();
  await world.run(QUIET_MS);
  await connectInRing(cluster);
  nemesis.rage();
  await world.run(world.nowMs + stormMs);
  nemesis.calm();
  await world.run(world.nowMs + CALM_MS);
}

/** A tank with two snapshots: one without commands replaces its only one. */
async function choose(node: SimulatedNode, draws: Rotting["draws"]): Promise<Rotting> {
  const { journal } = node.store;
  const tanks = await journal.tanks();
  const all = await Promise.all(tanks.map(({ tank_id }) => journal.snapshots(tank_id)));
  const at = all.findIndex(({ length }) => length > 1);
  const [tank, snapshots] = [tanks[at], all[at]];
  const other = all.find((_, index) => index !== at)?.[0];
  if (!tank || !snapshots || !other) throw new Error("a tank has two snapshots, and another one");
  return { node, tank, snapshots, other, draws };
}

/** Reasons by tank; a fenced node has one for all of them. */
function stoppedIn(node: SimulatedNode): ReadonlyMap<string, string> {
  const tanks = node.running?.tanks.list() ?? [];
  return new Map(
    tanks
      .filter(({ status }) => status === "stopped")
      .map(({ row, reason }) => [row.tank_id, reason ?? ""]),
  );
}

/** Both tanks are there and say why they do not run, and so is every file of one that does not. */
async function checkKept(
  node: SimulatedNode,
  { tank }: Rotting,
  before: readonly string[],
): Promise<readonly Finding[]> {
  const tanks = node.running?.tanks.list() ?? [];
  const findings: Finding[] = [];
  if (tanks.length !== TANKS) findings.push(`${node.name} has ${tanks.length} tanks`);
  const stopped = stoppedIn(node);
  for (const [id, reason] of stopped) if (!reason) findings.push(`tank ${id} stops for no reason`);
  if (stopped.has(tank.tank_id)) {
    const after = await node.host.disk.list(`snapshots/${tank.tank_id}`);
    const gone = before.filter((name) => !after.includes(name));
    if (gone.length > 0) findings.push(`of a stopped tank ${gone.join(", ")} was deleted`);
  }
  return findings;
}

/** Transfers with a tank that is stopped stay open; no count disagrees, whoever asks. */
async function checkNobodyAccused(cluster: SimulatedCluster): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const core of cluster.cores) {
    const result = await auditBy(cluster, core);
    const wrong = [...(result?.missing ?? []), ...(result?.double ?? [])];
    findings.push(...wrong.slice(0, 1).map(({ what }) => `the audit finds wrong: ${what}`));
  }
  return findings;
}

/** After clean stops each tank that ran is what its commands have made of it. */
async function checkStates(cluster: SimulatedCluster): Promise<readonly Finding[]> {
  const { world } = cluster;
  const running = cluster.nodes.map((node) => ({ node, stopped: stoppedIn(node) }));
  let open = running.length;
  for (const { node } of running) void node.stop().then(() => open--, world.fail.bind(world));
  if (!(await world.runUntil(world.nowMs + STOP_MS, () => open === 0))) {
    return [`${open} nodes did not stop`];
  }
  const findings: Finding[] = [];
  for (const { node, stopped } of running) {
    findings.push(...(await checkReplay(node, [], ({ tank_id }) => !stopped.has(tank_id))));
  }
  return findings;
}
