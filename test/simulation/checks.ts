import type { AuditResult } from "../../src/audit/audit.ts";
import { aliveBy, surplusOf } from "../../src/audit/ledger.ts";
import { seenTwice } from "../../src/audit/places.ts";
import type { Core } from "../../src/node/core.ts";
import { ENGINE_VERSION } from "../../src/sim/index.ts";
import type { FishView } from "../../src/sim/types.ts";
import type { TankRow } from "../../src/store/rows.ts";
import { readChronicle } from "../../src/tanks/replay/chronicle.ts";
import { describeDivergence } from "../../src/tanks/replay/divergence.ts";
import { travel } from "../../src/tanks/replay/time-travel.ts";
import type { HostedTank } from "../../src/tanks/tanks.ts";
import type { SimulatedCluster, SimulatedNode } from "./cluster.ts";

/** What a run of the simulator has found wrong, in a sentence. */
export type Finding = string;

/** One hub, and everybody follows it. */
export function checkRoles(cluster: SimulatedCluster): readonly Finding[] {
  const views = cluster.cores.map((core) => core.cluster.view());
  const hubs = views.filter((view) => view.role === "hub");
  const [hub] = hubs;
  if (hubs.length !== 1 || !hub) return [`${hubs.length} hubs among ${views.length} nodes`];
  const known = new Set(views.map((view) => view.hub?.node_id));
  return known.size === 1 ? [] : [`the nodes follow ${[...known].join(" and ")}`];
}

/** Nobody is fenced for having forgotten something: nobody has. */
export function checkFenced(cluster: SimulatedCluster): readonly Finding[] {
  return cluster.nodes.flatMap(({ name, running }) => {
    const fenced = running?.cluster.positions.fenced;
    return fenced ? [`${name} is fenced: ${fenced.message}`] : [];
  });
}

/** One hub, and everybody sees everybody. */
export function checkHub(cluster: SimulatedCluster): readonly Finding[] {
  const findings = [...checkRoles(cluster)];
  for (const { cluster: seen } of cluster.cores) {
    const online = seen.servers().filter((server) => server.status === "online");
    if (online.length !== cluster.nodes.length) {
      findings.push(`${seen.self().server_id} sees ${online.length} servers online`);
    }
  }
  return findings;
}

export function isSettled(cluster: SimulatedCluster): boolean {
  return (
    cluster.cores.length === cluster.nodes.length &&
    checkHub(cluster).length === 0 &&
    cluster.cores.every((core) => core.migration.escrowCount === 0)
  );
}

/** Each tank's ledger, the sum over all of them, and every fish in exactly one place. */
export async function checkLedger(cluster: SimulatedCluster): Promise<readonly Finding[]> {
  const tanks = cluster.cores.flatMap((core) => core.tanks.list());
  const findings = [...tanks.flatMap(checkTank), ...checkSum(tanks)];
  const missing = cluster.nodes.length * (cluster.options.restlessTanks ?? 1) - tanks.length;
  if (missing !== 0) findings.push(`${missing} tanks are missing`);
  return [...findings, ...checkPlaces(await livingFish(cluster))];
}

function checkTank({ row, status, stats }: HostedTank): readonly Finding[] {
  if (status !== "running") return [`tank ${row.name} is ${status}`];
  return surplusOf(stats) === 0
    ? []
    : [`tank ${row.name}: ${stats.alive} alive, but ${aliveBy(stats.ledger)} by its ledger`];
}

/** With nothing in escrow, what left tanks for good has arrived in others. */
function checkSum(tanks: readonly HostedTank[]): readonly Finding[] {
  const sum = (of: (tank: HostedTank) => number) => tanks.reduce((all, tank) => all + of(tank), 0);
  const exported = sum((tank) => tank.stats.ledger.exported);
  const restored = sum((tank) => tank.stats.ledger.restored);
  const imported = sum((tank) => tank.stats.ledger.imported);
  return exported - restored === imported
    ? []
    : [`${exported} exported − ${restored} restored, but ${imported} imported`];
}

export async function livingFish(cluster: SimulatedCluster): Promise<readonly FishView[]> {
  const { world } = cluster;
  const asked = cluster.cores.flatMap((core) => fishOf(core));
  // The answers are messages of simulation threads: the world has to turn for them to arrive.
  await world.run(world.nowMs + 1);
  return (await Promise.all(asked)).flat();
}

function fishOf(core: Core): readonly Promise<readonly FishView[]>[] {
  const running = core.tanks.list().filter(({ status }) => status === "running");
  return running.map(({ row }) => core.tanks.fish(row.tank_id));
}

/** Time for an audit in which every node that is asked may be silent. */
const AUDIT_MS = 120_000;

/** What an audit by this node finds; undefined when the node dies first. */
export async function auditBy(
  { world }: SimulatedCluster,
  core: Core,
  withinMs = AUDIT_MS,
): Promise<AuditResult | undefined> {
  let result: AuditResult | undefined;
  let isOver = false;
  void core.audit.audit({ fresh: true }).then(
    (found) => {
      result = found;
      isOver = true;
    },
    () => {
      isOver = true;
    },
  );
  await world.runUntil(world.nowMs + withinMs, () => isOver);
  return result;
}

/** With everything at rest the product's own audit is fine, whoever makes it. */
export async function checkAudit(cluster: SimulatedCluster): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const core of cluster.cores) {
    const result = await auditBy(cluster, core);
    if (!result?.ok) findings.push(`the audit is not fine: ${JSON.stringify(result)}`);
  }
  return findings;
}

export function checkPlaces(fish: readonly FishView[]): readonly Finding[] {
  const double = seenTwice(fish.map(({ fish_id }) => ({ entity_id: fish_id })));
  return [...double.keys()].map((id) => `fish ${id} lives in two places`);
}

/** After a clean stop: the state on disk is what a replay from the founding comes to. */
export async function checkReplay(
  node: SimulatedNode,
  others: readonly SimulatedNode[] = [],
  which: (row: TankRow) => boolean = () => true,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const row of (await node.store.journal.tanks()).filter(which)) {
    const [snapshot] = await node.store.journal.snapshots(row.tank_id);
    if (!snapshot) findings.push(`tank ${row.name} has no snapshot after a clean stop`);
    else if (node.archive.replay(row, snapshot, archivesOf(others)) !== snapshot.digest) {
      findings.push(`tank ${row.name}: replay of ${snapshot.seq} commands differs`);
    }
    findings.push(...(await checkPast(node, row)));
  }
  return findings;
}

function archivesOf(nodes: readonly SimulatedNode[]) {
  return nodes.map(({ archive }) => archive);
}

/** A clock that stands still: nothing is left of the machine but its disk. */
const AFTERWARDS = {
  clock: { wallMs: () => 0, monotonicMs: () => 0 },
  timers: {
    after: (_: number, task: () => void) => {
      queueMicrotask(task);
      return () => {};
    },
  },
  engineVersion: ENGINE_VERSION,
  controls: { paused: false, tickRate: 0, fastForwardTo: undefined },
};

/** The product's own replay finds nothing in the tank's past that differs from its record. */
async function checkPast(node: SimulatedNode, row: TankRow): Promise<readonly Finding[]> {
  const source = { journal: node.store.journal, files: node.host.disk };
  const chronicle = await readChronicle(source, row.tank_id);
  if (!chronicle) return [`tank ${row.name} has no past`];
  const { divergence } = await travel(chronicle, { from: "oldest" }, AFTERWARDS);
  return divergence ? [`tank ${row.name}: ${describeDivergence(divergence)}`] : [];
}
