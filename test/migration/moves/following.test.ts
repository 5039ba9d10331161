/** Who follows a tank that has moved, and who must not go on as if it had not. */
import { describe, expect, test } from "bun:test";
import { auditBy, isSettled } from "../../simulation/checks.ts";
import { SimulatedCluster, type SimulatedNode } from "../../simulation/cluster.ts";
import { isAtHome, SECRET } from "../../simulation/moves.ts";
import { connectInRing, stopMigrating } from "../../simulation/scenario.ts";

const TIMEOUT_MS = 60_000;

async function ring(seed: number) {
  const cluster = new SimulatedCluster({ seed, nodes: 3, fish: 30, secret: SECRET });
  cluster.bootAll();
  await cluster.world.run(8_000);
  await connectInRing(cluster);
  const [owner, destination, third] = cluster.nodes;
  if (!owner || !destination || !third) throw new Error("three nodes");
  return { cluster, world: cluster.world, owner, destination, third };
}

function coreOf(node: SimulatedNode) {
  if (!node.running) throw new Error(`${node.name} does not run`);
  return node.running;
}

function firstTank(node: SimulatedNode): string {
  return coreOf(node).tanks.list()[0]?.row.tank_id ?? "";
}

async function move(cluster: SimulatedCluster, from: SimulatedNode, to: SimulatedNode) {
  let over = false;
  const tankId = firstTank(from);
  const moving = coreOf(from).migration.moveTank(tankId, to.identity.nodeId);
  void moving.finally(() => {
    over = true;
  });
  await cluster.world.runUntil(cluster.world.nowMs + 60_000, () => over);
  return moving;
}

describe("after a move", () => {
  test(
    "it is the same tank: fish, ids, digest, past",
    async () => {
      const { cluster, owner, destination } = await ring(21);
      await stopMigrating(cluster);
      const tankId = firstTank(owner);
      const { world } = cluster;
      await world.runUntil(world.nowMs + 60_000, () => isSettled(cluster));
      const pastOf = async (node: SimulatedNode) => {
        const rows = await node.store.journal.snapshots(tankId);
        return rows.map(({ seq, tick, digest }) => ({ seq, tick, digest }));
      };
      const logOf = (node: SimulatedNode) => node.store.journal.log(tankId, 0);
      const log = await logOf(owner);
      const moved = await move(cluster, owner, destination);
      expect(moved).toMatchObject({ tank_id: tankId, name: "n1", epoch: 2 });
      expect(coreOf(owner).tanks.get(tankId)).toBeUndefined();
      expect(coreOf(owner).migration.movedTo(tankId)).toEqual({
        node_id: destination.identity.nodeId,
        epoch: 2,
      });
      const arrived = await logOf(destination);
      expect(arrived.slice(0, log.length)).toEqual([...log]);
      expect(await owner.store.journal.snapshots(tankId)).toEqual([]);
      expect((await pastOf(destination)).length).toBeGreaterThan(1);
      const before = coreOf(destination).tanks.get(tankId)?.stats.tick ?? 0;
      await world.run(world.nowMs + 2_000);
      expect(coreOf(destination).tanks.get(tankId)?.stats.tick).toBeGreaterThan(before);
      expect(await auditBy(cluster, coreOf(owner))).toMatchObject({ ok: true, tanks: 3 });
    },
    TIMEOUT_MS,
  );

  test(
    "connections follow, and local ones become remote",
    async () => {
      const { cluster, world, owner, destination, third } = await ring(22);
      const tankId = firstTank(owner);
      await move(cluster, owner, destination);
      await world.run(world.nowMs + 10_000);
      const [toMoved] = coreOf(third).migration.connections();
      expect(toMoved).toMatchObject({
        destination_tank_id: tankId,
        destination_node_id: destination.identity.nodeId,
      });
      const leaving = coreOf(destination)
        .migration.connections()
        .find(({ source_tank_id }) => source_tank_id === tankId);
      expect(leaving).toMatchObject({ origin: "manual", probability: 100 });
      expect(coreOf(owner).migration.connections()).toEqual([]);
    },
    TIMEOUT_MS,
  );

  test(
    "its fish and those on their way to it arrive though its former node is gone for good",
    async () => {
      const { cluster, world, owner, destination, third } = await ring(23);
      const tankId = firstTank(owner);
      // Fish for it are on their way when its node goes, and it has some on their way itself.
      const open = async (node: SimulatedNode) => (await node.store.journal.openOutbox()).length;
      await move(cluster, owner, destination);
      world.network.partition([third.host], [owner.host]);
      await world.run(world.nowMs + 3_000);
      owner.host.kill();
      world.network.heal();
      await world.run(world.nowMs + 120_000);
      const [toMoved] = coreOf(third).migration.connections();
      expect(toMoved?.destination_node_id).toBe(destination.identity.nodeId);
      const { journal } = third.store;
      const sent = await journal.outbox({ limit: 100, states: ["delivered"] });
      const late = sent.filter((row) => row.created_at > 0 && row.destination_tank_id === tankId);
      expect(late.length).toBeGreaterThan(5);
      await stopMigrating(cluster);
      await world.run(world.nowMs + 90_000);
      expect([await open(third), await open(destination)]).toEqual([0, 0]);
    },
    TIMEOUT_MS,
  );

  test(
    "and back: the tank is the first node's again, and nobody asks elsewhere",
    async () => {
      const { cluster, world, owner, destination } = await ring(24);
      const tankId = firstTank(owner);
      await move(cluster, owner, destination);
      await world.run(world.nowMs + 5_000);
      const back = coreOf(destination).migration.moveTank(tankId, owner.identity.nodeId);
      let over = false;
      void back.finally(() => {
        over = true;
      });
      await world.runUntil(world.nowMs + 60_000, () => over);
      expect(await back).toMatchObject({ epoch: 3 });
      expect(coreOf(owner).migration.movedTo(tankId)).toBeUndefined();
      await world.run(world.nowMs + 10_000);
      await stopMigrating(cluster);
      await world.runUntil(world.nowMs + 120_000, () => isSettled(cluster) && isAtHome(cluster));
      expect(await auditBy(cluster, coreOf(owner))).toMatchObject({ ok: true, tanks: 3 });
    },
    TIMEOUT_MS,
  );
});

describe("a directory that is set back", () => {
  /** The disk of a node as it was at some moment of a move that then comes to its end. */
  async function setBack(seed: number, which: "owner" | "destination", isThen: string) {
    const { cluster, world, owner, destination } = await ring(seed);
    const tankId = firstTank(owner);
    const victim = which === "owner" ? owner : destination;
    const states = () =>
      coreOf(victim)
        .migration.moves()
        .map(({ state }) => state);
    const moving = coreOf(owner).migration.moveTank(tankId, destination.identity.nodeId);
    let over = false;
    void moving.finally(() => {
      over = true;
    });
    await world.runUntil(
      world.nowMs + 60_000,
      () => isThen === "" || states().includes(isThen as "sealed"),
    );
    const image = victim.image();
    await world.runUntil(world.nowMs + 60_000, () => over);
    await world.run(world.nowMs + 3_000);
    victim.host.kill();
    victim.restore(image);
    victim.boot();
    await world.run(world.nowMs + 30_000);
    return { cluster, victim, tankId, owner, destination };
  }

  test.each([
    [31, "owner", ""],
    [32, "owner", "sealed"],
    [33, "owner", "moved"],
    [34, "destination", ""],
    [35, "destination", "stored"],
  ] as const)(
    "%i: the %s, to %p: it is fenced, and the tank ticks on one node at most",
    async (seed, which, isThen) => {
      const { victim, cluster, tankId } = await setBack(seed, which, isThen);
      expect(coreOf(victim).cluster.positions.fenced?.code).toBe("directory_copied");
      const running = cluster.cores.filter(({ tanks }) => tanks.get(tankId)?.status === "running");
      expect(running.length).toBeLessThan(2);
    },
    TIMEOUT_MS,
  );
});
