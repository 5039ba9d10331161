import type { Core } from "../../src/node/core.ts";
import { checkAudit, checkLedger, type Finding, isSettled } from "./checks.ts";
import { SimulatedCluster, type SimulatedNode } from "./cluster.ts";
import { checkOwners, isAtHome, SECRET } from "./moves.ts";
import { connectInRing, stopAndReplay, stopMigrating } from "./scenario.ts";

const QUIET_MS = 8_000;
const DOWN_MS = 3_000;
/** A move lasts half a second; its last words are those of the destination. */
const MOVE_MS = 3_000;
const REST_MS = 240_000;

/** Which of the two nodes is killed; both at the call of either. */
export const VICTIMS = ["owner", "destination", "both"] as const;
export type Victim = (typeof VICTIMS)[number];

export interface KillReport {
  /** False when fewer calls were made: everything has been tried. */
  readonly killed: boolean;
  /** `journal.commit`, say, and whether it had taken effect. */
  readonly at: string;
  readonly moved: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Moves a tank while fish travel to it and from it, and kills one of the two nodes, or both, at the
 * n-th moment since: each port call has one before it takes effect and one after it.
 */
export async function killAtCall(victim: Victim, n: number): Promise<KillReport> {
  const cluster = new SimulatedCluster({ seed: 11, nodes: 2, fish: 30, secret: SECRET });
  const { world } = cluster;
  cluster.bootAll();
  await world.run(QUIET_MS);
  await connectInRing(cluster);
  const [owner, destination] = cluster.nodes;
  if (!owner?.running || !destination) throw new Error("two nodes run");
  // Fish are on their way from both tanks.
  await world.runUntil(world.nowMs + 60_000, () => cluster.cores.every(hasEscrow));
  const tankId = owner.running.tanks.list()[0]?.row.tank_id ?? "";
  void owner.running.migration.moveTank(tankId, destination.identity.nodeId).catch(() => {});
  const victims = { owner: [owner], destination: [destination], both: [owner, destination] };
  const killed = await killDuring(cluster, victims[victim], n);
  await world.run(world.nowMs + 5_000);
  await stopMigrating(cluster);
  const settled = await world.runUntil(
    world.nowMs + REST_MS,
    () => isSettled(cluster) && isAtHome(cluster),
  );
  await world.run(world.nowMs + 1_000);
  const findings = settled ? [] : ["no rest"];
  findings.push(...(await checkLedger(cluster)), ...checkOwners(cluster));
  findings.push(...(await checkAudit(cluster)));
  const moved = destination.running?.tanks.get(tankId) !== undefined;
  findings.push(...(await stopAndReplay(cluster)));
  return { killed: killed !== undefined, at: killed ?? "", moved, findings };
}

function hasEscrow({ migration }: Core): boolean {
  return migration.escrowCount > 0;
}

/** What they were doing when they were killed; undefined when there was no n-th call. */
async function killDuring(
  { world }: SimulatedCluster,
  victims: readonly SimulatedNode[],
  n: number,
): Promise<string | undefined> {
  let calls = 0;
  let at: string | undefined;
  const count = (when: string) => (host: string, port: string, method: string) => {
    if (!victims.some(({ name }) => name === host) || at !== undefined || calls++ !== n) return;
    at = `${when} ${port}.${method}`;
    for (const node of victims) {
      node.host.kill();
      world.schedule(DOWN_MS, `reboot ${node.name}`, () => node.boot());
    }
  };
  world.hooks = { beforeCall: count("before"), afterCall: count("after") };
  await world.run(world.nowMs + MOVE_MS);
  world.hooks = {};
  return at;
}
