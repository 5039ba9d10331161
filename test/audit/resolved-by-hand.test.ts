import { expect, test } from "bun:test";
import type { AuditResult } from "../../src/audit/audit.ts";
import type { HandDecision } from "../../src/migration/by-hand.ts";
import { auditBy, isSettled } from "../simulation/checks.ts";
import { SimulatedCluster, type SimulatedNode } from "../simulation/cluster.ts";
import { connectInRing, stopMigrating } from "../simulation/scenario.ts";

const MEETING_MS = 5_000;
const REST_MS = 240_000;
const TIMEOUT_MS = 120_000;

async function clusterOf(seed: number): Promise<SimulatedCluster> {
  const cluster = new SimulatedCluster({ seed, nodes: 2, fish: 30 });
  cluster.bootAll();
  await cluster.world.run(MEETING_MS);
  await connectInRing(cluster);
  return cluster;
}

function both({ nodes }: SimulatedCluster): readonly [SimulatedNode, SimulatedNode] {
  const [source, destination] = nodes;
  if (!source || !destination) throw new Error("two nodes");
  return [source, destination];
}

async function settle(cluster: SimulatedCluster): Promise<void> {
  await stopMigrating(cluster);
  await cluster.world.runUntil(cluster.world.nowMs + REST_MS, () => isSettled(cluster));
}

async function resolve(
  { world }: SimulatedCluster,
  source: SimulatedNode,
  id: string,
  as: HandDecision,
): Promise<void> {
  await world.runUntil(world.nowMs + 10_000, () => source.running?.migration.escrowCount === 1);
  const resolving = source.running?.migration.byHand.resolve(id, as);
  await world.run(world.nowMs + 15_000);
  await resolving;
}

async function auditOf(cluster: SimulatedCluster): Promise<AuditResult> {
  const core = cluster.cores[0];
  const result = core && (await auditBy(cluster, core));
  if (!result) throw new Error("no audit");
  return result;
}

/** A fish whose destination goes away before it has decided, and what the audit says in the end. */
async function undecided(seed: number, as: HandDecision) {
  const cluster = await clusterOf(seed);
  const { world } = cluster;
  const [source, destination] = both(cluster);
  destination.host.kill();
  let open = await source.store.journal.openOutbox();
  while (open.length === 0) {
    await world.run(world.nowMs + 100);
    open = await source.store.journal.openOutbox();
  }
  await stopMigrating(cluster);
  const [row] = open;
  if (!row || open.length > 1) throw new Error(`${open.length} are open`);
  await resolve(cluster, source, row.transfer_id, as);
  destination.boot();
  await world.run(world.nowMs + 10_000);
  await settle(cluster);
  return { row, audit: await auditOf(cluster) };
}

test(
  "an undecided fish that is restored is in one place",
  async () => {
    const { audit } = await undecided(1, "restore");
    expect(audit).toMatchObject({ ok: true, missing: [], double: [], in_escrow: 0 });
  },
  TIMEOUT_MS,
);

test(
  "an undecided fish that is taken for delivered is missing, and named",
  async () => {
    const { row, audit } = await undecided(2, "delivered");
    expect(audit).toMatchObject({ ok: false, complete: true, double: [] });
    expect(audit.missing).toMatchObject([{ fish_id: row.entity_id, count: 1 }]);
  },
  TIMEOUT_MS,
);

/** A fish that has arrived, though its source has not heard so, with what the audit says. */
async function arrived(seed: number, as: HandDecision) {
  const cluster = await clusterOf(seed);
  const { world } = cluster;
  const [source, destination] = both(cluster);
  const { journal } = source.store;
  let row = (await journal.outbox({ limit: 1, states: ["delivered"] }))[0];
  while (!row) {
    await world.run(world.nowMs + 100);
    row = (await journal.outbox({ limit: 1, states: ["delivered"] }))[0];
  }
  const record = source.archive.recordOf(row.transfer_id);
  for (const node of [source, destination]) node.host.kill();
  await journal.commit([{ put: "outbox", row: { ...row, state: "pending", record } }]);
  source.boot();
  await stopMigrating(cluster);
  await resolve(cluster, source, row.transfer_id, as);
  destination.boot();
  await world.run(world.nowMs + 10_000);
  await settle(cluster);
  return { row, audit: await auditOf(cluster) };
}

test(
  "a fish that had arrived and is restored is double, and named",
  async () => {
    const { row, audit } = await arrived(3, "restore");
    expect(audit).toMatchObject({ ok: false, complete: true });
    expect(audit.double.map(({ fish_id }) => fish_id)).toContain(row.entity_id);
  },
  TIMEOUT_MS,
);

test(
  "a fish that had arrived and is taken for delivered is in one place",
  async () => {
    const { audit } = await arrived(4, "delivered");
    expect(audit).toMatchObject({ ok: true, missing: [], double: [] });
  },
  TIMEOUT_MS,
);
