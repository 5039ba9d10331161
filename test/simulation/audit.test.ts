import { describe, expect, test } from "bun:test";
import type { AuditResult } from "../../src/audit/audit.ts";
import type { Core } from "../../src/node/core.ts";
import type { OutboxRow } from "../../src/store/rows.ts";
import { auditBy, isSettled } from "./checks.ts";
import { SimulatedCluster, type SimulatedNode } from "./cluster.ts";
import { Nemesis } from "./nemesis.ts";
import { connectInRing, stopMigrating } from "./scenario.ts";

/** More of them: `AUDIT_SEEDS=500 bun test test/simulation/audit.test.ts`. */
const SEEDS = Number(process.env["AUDIT_SEEDS"] ?? 6);
const MEETING_MS = 5_000;
const STORM_MS = 120_000;
/** A node that is killed does not end its audit. */
const STORM_AUDIT_MS = 10_000;
/** See REST_MS of the scenario. */
const REST_MS = 240_000;
/** Of the nodes' own audits. */
const OWN_AUDIT_MS = 5_000;
const TIMEOUT_MS = 120_000;

async function clusterOf(seed: number, sabotage?: "no_escrow"): Promise<SimulatedCluster> {
  const { SABOTAGE } = await import("./sabotage.ts");
  const cluster = new SimulatedCluster({
    seed,
    nodes: 3,
    fish: 30,
    auditIntervalMs: OWN_AUDIT_MS,
    ...(sabotage ? { sabotage: SABOTAGE[sabotage] } : {}),
  });
  cluster.bootAll();
  await cluster.world.run(MEETING_MS);
  await connectInRing(cluster);
  return cluster;
}

async function comeToRest(cluster: SimulatedCluster): Promise<void> {
  const { world } = cluster;
  await stopMigrating(cluster);
  await world.runUntil(world.nowMs + REST_MS, () => isSettled(cluster));
}

function coreOf(node: SimulatedNode): Core {
  if (!node.running) throw new Error(`${node.name} does not run`);
  return node.running;
}

async function auditOf(cluster: SimulatedCluster, at = 0): Promise<AuditResult> {
  const core = cluster.cores[at];
  const result = core && (await auditBy(cluster, core));
  if (!result) throw new Error("no audit");
  return result;
}

/** How many were ever begun. */
async function transfersOf({ nodes }: SimulatedCluster): Promise<number> {
  const pairs = await Promise.all(nodes.map(({ store }) => store.journal.lastSequences()));
  return pairs.flat().reduce((sum, { sequence }) => sum + sequence, 0);
}

/** Changes what is on a node's disk while nothing runs on it. */
async function doctor(
  { world }: SimulatedCluster,
  node: SimulatedNode,
  change: () => Promise<void>,
): Promise<void> {
  node.host.kill();
  await change();
  node.boot();
  await world.run(world.nowMs + 10_000);
}

/** A transfer that has arrived at another node, where its fish still is, with that node. */
async function arrival(cluster: SimulatedCluster) {
  for (const source of cluster.nodes) {
    for (const row of await source.store.journal.outbox({ limit: 100, states: ["delivered"] })) {
      const destination = cluster.nodes.find(
        ({ identity }) => identity.nodeId === row.destination_node_id,
      );
      if (!destination || destination === source) continue;
      const census = coreOf(destination).tanks.census(row.destination_tank_id);
      await cluster.world.run(cluster.world.nowMs + 50);
      if ((await census).fish_ids.includes(row.entity_id)) return { row, source, destination };
    }
  }
  throw new Error("no fish has arrived anywhere");
}

describe("an audit in a storm of kills, losses, copies, partitions and full disks", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(
      `seed ${seed} accuses nobody, and is fine once it is over`,
      async () => {
        const cluster = await clusterOf(seed);
        const { world } = cluster;
        const nemesis = new Nemesis(cluster);
        nemesis.rage();
        const untilMs = world.nowMs + STORM_MS;
        let audits = 0;
        for (let turn = 0; world.nowMs < untilMs; turn++) {
          await world.run(world.nowMs + 500);
          const core = cluster.cores[turn % Math.max(1, cluster.cores.length)];
          const result = core && (await auditBy(cluster, core, STORM_AUDIT_MS));
          if (!result) continue;
          audits++;
          const notes = cluster.cores.flatMap(({ audit }) => audit.note ?? []);
          expect(notes.filter(({ missing, double }) => missing + double > 0)).toEqual([]);
          expect([seed, result.missing, result.double]).toEqual([seed, [], []]);
        }
        expect(audits).toBeGreaterThan(3);
        nemesis.calm();
        await comeToRest(cluster);
        const rest = await auditOf(cluster);
        expect([seed, rest]).toEqual([seed, { ...rest, ok: true, complete: true, in_escrow: 0 }]);
        expect(rest.alive).toBeGreaterThan(0);
        await world.run(world.nowMs + 2 * OWN_AUDIT_MS);
        expect(cluster.cores.map(({ audit }) => audit.note?.complete)).toEqual([true, true, true]);
      },
      TIMEOUT_MS,
    );
  }
});

test(
  "audits while fish swim between all tanks come to an end, whenever they begin",
  async () => {
    let left = 0;
    for (let seed = 101; seed <= 100 + SEEDS; seed++) {
      const cluster = await clusterOf(seed);
      for (let turn = 0; turn < 60; turn++) {
        // Draws are every 500 ms: sooner or later one begins at each moment of a transfer.
        await cluster.world.run(cluster.world.nowMs + 400 + 7 * turn);
        const before = await transfersOf(cluster);
        const result = await auditOf(cluster, turn % 3);
        left += (await transfersOf(cluster)) - before;
        expect([seed, turn, result]).toEqual([seed, turn, { ...result, ok: true, nodes: 3 }]);
      }
    }
    // Otherwise nothing was proven.
    expect(left).toBeGreaterThan(SEEDS);
  },
  TIMEOUT_MS,
);

test(
  "a node that does not answer makes it incomplete, never fine, and is named",
  async () => {
    const cluster = await clusterOf(8);
    await comeToRest(cluster);
    const [, silent] = cluster.nodes;
    silent?.host.kill();
    const early = await auditOf(cluster);
    await cluster.world.run(cluster.world.nowMs + 60_000);
    for (const result of [early, await auditOf(cluster)]) {
      expect(result).toMatchObject({ ok: false, complete: false, missing: [], double: [] });
      expect(result.unreachable.map(({ server_id }) => server_id)).toEqual(["n2"]);
    }
  },
  TIMEOUT_MS,
);

describe("what is broken on purpose is found and named", () => {
  test(
    "a fish that was in escrow when its row was lost",
    async () => {
      const cluster = await clusterOf(9);
      const { world } = cluster;
      const [first, second, third] = cluster.nodes;
      if (!first || !second || !third) throw new Error("three nodes");
      second.host.kill();
      let lost: OutboxRow | undefined;
      while (!lost) {
        await world.run(world.nowMs + 500);
        [lost] = await first.store.journal.openOutbox();
      }
      const { transfer_id, entity_id } = lost;
      // Before the tank's log is so long that it loses the export.
      await stopMigrating(cluster);
      await doctor(cluster, first, async () =>
        first.store.journal.loseTransfer("out", transfer_id),
      );
      second.boot();
      await world.run(world.nowMs + 10_000);
      await comeToRest(cluster);
      const { ok, missing, double } = await auditOf(cluster, 2);
      expect({ ok, double }).toEqual({ ok: false, double: [] });
      expect(missing).toEqual([
        { fish_id: entity_id, count: 1, what: expect.stringContaining("of n1") },
      ]);
    },
    TIMEOUT_MS,
  );

  test(
    "a delivered fish whose destination has forgotten it, and takes it for another",
    async () => {
      const cluster = await clusterOf(10);
      await cluster.world.run(cluster.world.nowMs + 20_000);
      await comeToRest(cluster);
      const { row, source, destination } = await arrival(cluster);
      const { transfer_id, entity_id } = row;
      await doctor(cluster, destination, async () => {
        destination.store.journal.loseTransfer("in", transfer_id);
      });
      const found = await auditOf(cluster);
      expect(found).toMatchObject({ ok: false, missing: [{ fish_id: entity_id, count: 1 }] });
      expect(found.missing[0]?.what).toContain(`of ${source.name}`);
      expect(found.double[0]?.what).toContain(`of ${destination.name}: 1 fish imported`);
      // Both ends find it by themselves, without anybody asking.
      await cluster.world.run(cluster.world.nowMs + 2 * OWN_AUDIT_MS);
      expect(coreOf(destination).audit.note).toMatchObject({ complete: true, double: 1 });
      expect(coreOf(source).audit.note).toMatchObject({ complete: true, missing: 1 });
    },
    TIMEOUT_MS,
  );

  test(
    "a fish that its source sends again, and gets back",
    async () => {
      const cluster = await clusterOf(11);
      await cluster.world.run(cluster.world.nowMs + 20_000);
      await comeToRest(cluster);
      const { row, source, destination } = await arrival(cluster);
      const record = source.archive.recordOf(row.transfer_id);
      const { world } = cluster;
      for (const node of [source, destination]) node.host.kill();
      destination.store.journal.loseTransfer("in", row.transfer_id);
      const again = { ...row, sequence: row.sequence + 1_000, state: "pending", record } as const;
      await source.store.journal.commit([{ put: "outbox", row: again }]);
      for (const node of [source, destination]) node.boot();
      // At once: fish die.
      await world.runUntil(world.nowMs + 60_000, () => isSettled(cluster));
      const { ok, double } = await auditOf(cluster);
      expect(ok).toBe(false);
      const named = double.filter(({ fish_id }) => fish_id === row.entity_id);
      const [places] = named.map(({ what }) => what).filter((what) => what.includes("several"));
      expect(places).toContain(`of ${source.name}`);
      expect(places).toContain(`of ${destination.name}`);
    },
    TIMEOUT_MS,
  );

  test(
    "fish that travel without an escrow",
    async () => {
      const cluster = await clusterOf(12, "no_escrow");
      await cluster.world.run(cluster.world.nowMs + 20_000);
      const { ok, missing } = await auditOf(cluster);
      expect(ok).toBe(false);
      expect(missing.length).toBeGreaterThan(0);
    },
    TIMEOUT_MS,
  );
});
