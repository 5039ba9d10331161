import { describe, expect, test } from "bun:test";
import { identityFromSeed } from "../../src/cluster/identity/identity.ts";
import { type ForkReport, forkNode } from "../../src/node/fork/fork-node.ts";
import { settleFork } from "../../src/node/fork/settle-fork.ts";
import type { NodeKey } from "../../src/platform/node-key.ts";
import type { MemoryFiles } from "../../src/platform/simulated/files.ts";
import type { SimulatedProcess } from "../../src/platform/simulated/process.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { ENGINE_VERSION } from "../../src/sim/index.ts";
import type { MemoryStore } from "../../src/store/memory/store.ts";
import type { HostedTank } from "../../src/tanks/tanks.ts";
import { silentLog } from "../../src/telemetry/log.ts";
import { type DiskImage, SimulatedCluster } from "../simulation/cluster.ts";
import { connectInRing } from "../simulation/scenario.ts";

/** The key files of a directory; they outlive the process. */
class MemoryKey implements NodeKey {
  #current: Uint8Array;
  #next: Uint8Array | undefined;

  constructor(current: Uint8Array) {
    this.#current = current;
  }

  async current() {
    return this.#current;
  }
  async next() {
    return this.#next;
  }
  async prepare(seed: Uint8Array) {
    this.#next = seed;
  }
  async adopt() {
    this.#current = this.#next ?? this.#current;
    this.#next = undefined;
  }
  async drop() {
    this.#next = undefined;
  }
}

interface Directory {
  readonly key: MemoryKey;
  readonly store: MemoryStore;
  readonly files: MemoryFiles;
}

function directoryOf({ keySeed, store, files }: DiskImage): Directory {
  return { key: new MemoryKey(keySeed), store: store.copy(), files: files.copy() };
}

/**
 * Three nodes that exchange fish, in the middle of it: the disk of one, and a cluster to put it
 * back.
 */
async function busyNode() {
  const cluster = new SimulatedCluster({ seed: 7, nodes: 3, fish: 30 });
  const { world } = cluster;
  cluster.bootAll();
  await world.run(5_000);
  await connectInRing(cluster);
  await world.run(30_000);
  const [node] = cluster.nodes;
  if (!node) throw new Error("there are three");
  const escrow = () => node.running?.migration.escrowCount ?? 0;
  await world.runUntil(120_000, () => escrow() > 0);
  return { cluster, node, image: node.image() };
}

/** Runs `work` on a machine with this disk; `killAt` counts its port calls, before and after. */
async function onMachine<T>(
  directory: Directory,
  killAt: number,
  work: (ports: Directory & { readonly process: SimulatedProcess }) => Promise<T>,
): Promise<{ readonly result: T | undefined; readonly calls: number }> {
  const world = new SimulatedWorld({ seed: 1 });
  const host = world.addHost({ name: "n" });
  host.disk = directory.files;
  const process = host.boot();
  let calls = 0;
  const count = () => {
    if (++calls === killAt) host.kill();
  };
  world.hooks = { beforeCall: count, afterCall: count };
  const key = process.guard("key", directory.key) as MemoryKey;
  const journal = process.guard("journal", directory.store.journal);
  const registry = process.guard("registry", directory.store.registry);
  const store = Object.assign(Object.create(directory.store) as MemoryStore, {});
  Object.defineProperties(store, { journal: { value: journal }, registry: { value: registry } });
  let result: T | undefined;
  const files = process.files as MemoryFiles;
  void work({ key, store, files, process }).then((value) => {
    result = value;
  });
  await world.run(60_000);
  return { result, calls };
}

function fork({ key, store, files, process }: Parameters<Parameters<typeof onMachine>[2]>[0]) {
  const controls = { paused: false, tickRate: 30, fastForwardTo: undefined };
  const engineVersion = ENGINE_VERSION;
  const { clock, timers, random } = process;
  const ports = { clock, timers, random, controls, engineVersion, log: silentLog };
  return forkNode({ ...ports, key, store, files });
}

async function nodeIdOf({ key }: Directory): Promise<string> {
  return identityFromSeed(await key.current()).nodeId;
}

async function tankIdsOf({ store }: Directory): Promise<readonly string[]> {
  return (await store.journal.tanks()).map(({ tank_id }) => tank_id);
}

describe("a fork of a data directory", () => {
  test("has distinct names where those of the original were not", async () => {
    const { cluster, node } = await busyNode();
    let made: HostedTank | undefined;
    const spec = { name: "other", description: "", fish: 5 };
    void node.running?.tanks.create(spec).then((tank) => {
      made = tank;
    });
    await cluster.world.runUntil(cluster.world.nowMs + 60_000, () => made !== undefined);
    const directory = directoryOf(node.image());
    const { journal } = directory.store;
    const [first] = await journal.tanks();
    const name = first?.name ?? "";
    if (made) await journal.commit([{ put: "tank", row: { ...made.row, name } }]);
    const { result } = await onMachine(directory, 0, fork);
    expect(result?.tanks.map((tank) => tank.name)).toEqual([name, `${name}-2`]);
  });

  test("is another node with other tanks and fish, without old transfers or peers", async () => {
    const { cluster, node, image } = await busyNode();
    const before = directoryOf(image);
    const directory = directoryOf(image);
    const escrows = (await before.store.journal.openOutbox()).length;
    const { result } = await onMachine(directory, 0, fork);
    const report = result as ForkReport;
    expect(report.from_node_id).toBe(await nodeIdOf(before));
    expect(report.node_id).toBe(await nodeIdOf(directory));
    expect(report.node_id).not.toBe(report.from_node_id);
    expect(escrows).toBeGreaterThan(0);
    expect(report.fish_left_behind).toBe(escrows);
    expect(report.tanks.flatMap(({ warnings }) => warnings)).toEqual([]);
    const { journal } = directory.store;
    expect(await journal.connections()).toEqual([]);
    expect(await journal.outbox({ limit: 10 })).toEqual([]);
    expect(await journal.inbox({ limit: 10 })).toEqual([]);
    expect(await journal.remembered()).toEqual([]);
    expect(await directory.store.registry.load()).toEqual([]);
    const [tank] = await journal.tanks();
    expect(tank).toMatchObject({ origin: "forked", epoch: 1, tank_id: report.tanks[0]?.tank_id });
    const [old] = await before.store.journal.tanks();
    expect(await directory.files.list(`snapshots/${old?.tank_id}`)).toEqual([]);

    // Both run, side by side, and neither minds the other.
    const twin = cluster.add();
    const keySeed = await directory.key.current();
    const { store, files } = directory;
    twin.restore({ keySeed, store, files, archive: image.archive.copy() });
    twin.boot();
    await cluster.world.run(cluster.world.nowMs + 20_000);
    for (const one of [node, twin]) {
      expect(one.running?.cluster.positions.fenced).toBeUndefined();
      expect(one.running?.tanks.list()[0]?.status).toBe("running");
    }
    const ids = cluster.cores.map((core) => core.cluster.nodeId);
    expect(new Set(ids).size).toBe(4);
    const asked = cluster.cores.map((core) =>
      core.tanks.fish(core.tanks.list()[0]?.row.tank_id ?? ""),
    );
    await cluster.world.run(cluster.world.nowMs + 10);
    const fish = (await Promise.all(asked)).flat().map(({ fish_id }) => fish_id);
    expect(new Set(fish).size).toBe(fish.length);
  });

  test("that is killed at any step is wholly the old node or wholly the new one", async () => {
    const { image } = await busyNode();
    const whole = await onMachine(directoryOf(image), 0, fork);
    expect(whole.result).toBeDefined();
    const before = directoryOf(image);
    const [oldId, oldTanks] = [await nodeIdOf(before), await tankIdsOf(before)];
    const outcomes = new Set<string>();
    for (let killAt = 1; killAt <= whole.calls; killAt++) {
      const directory = directoryOf(image);
      const { result } = await onMachine(directory, killAt, fork);
      expect(result).toBeUndefined();
      // The next start may be cut short as well.
      const settle = ({ key, store }: Directory) => settleFork(key, store.journal);
      await onMachine(directory, 1 + (killAt % 4), settle);
      await onMachine(directory, 0, settle);
      expect(await directory.key.next()).toBeUndefined();
      const isOld = (await nodeIdOf(directory)) === oldId;
      const tanks = await tankIdsOf(directory);
      outcomes.add(isOld ? "old" : "new");
      if (isOld) {
        expect(tanks).toEqual(oldTanks);
        const rows = await directory.store.journal.outbox({ limit: 1_000 });
        expect(rows).toEqual(await before.store.journal.outbox({ limit: 1_000 }));
      } else {
        expect(tanks.some((tankId) => oldTanks.includes(tankId))).toBe(false);
        expect(tanks.length).toBe(oldTanks.length);
      }
      for (const tankId of tanks) {
        const [snapshot] = await directory.store.journal.snapshots(tankId);
        expect(snapshot && (await directory.files.read(snapshot.file))).toBeDefined();
      }
    }
    expect([...outcomes].sort()).toEqual(["new", "old"]);
  });

  test("goes on from what is there where the database has lost entries, and says so", async () => {
    const { image } = await busyNode();
    const directory = directoryOf(image);
    const [tank] = await tankIdsOf(directory);
    const { journal } = directory.store;
    const log = await journal.log(tank ?? "", 0);
    const last = log.at(-1)?.seq ?? 0;
    const [snapshot] = await journal.snapshots(tank ?? "");
    const from = Math.max((snapshot?.seq ?? 0) + 1, last);
    expect(from).toBe(last);
    journal.loseLog(tank ?? "", from);
    const { result } = await onMachine(directory, 0, fork);
    const warnings = result?.tanks.flatMap((one) => one.warnings) ?? [];
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("has lost entries");
    expect(warnings[0]).toContain("later ticks are lost");
  });

  test("is refused, and changes nothing, where nothing of a tank can be taken over", async () => {
    const { image } = await busyNode();
    const directory = directoryOf(image);
    const [tank] = await tankIdsOf(directory);
    const rows = await directory.store.journal.snapshots(tank ?? "");
    for (const { file } of rows) directory.files.damage(file, 99);
    const before = await directory.store.journal.outbox({ limit: 1_000 });
    let refusal = "";
    await onMachine(directory, 0, async (ports) => {
      await fork(ports).catch((error: unknown) => {
        refusal = String(error);
      });
    });
    expect(refusal).toContain(tank ?? "no tank");
    expect(refusal).toContain("cannot be forked");
    expect(await nodeIdOf(directory)).toBe(await nodeIdOf(directoryOf(image)));
    expect(await directory.key.next()).toBeUndefined();
    expect(await directory.store.journal.outbox({ limit: 1_000 })).toEqual(before);
  });

  test("of a fresh directory does nothing", async () => {
    const directory = directoryOf({ ...(await busyNode()).image });
    const { MemoryStore: Store } = await import("../../src/store/memory/store.ts");
    const fresh = { ...directory, store: new Store() };
    const { result, calls } = await onMachine(fresh, 0, fork);
    expect(result).toBeUndefined();
    expect(calls).toBe(2);
  });
});

test("a key that is not that of the database is refused", async () => {
  const { image } = await busyNode();
  const directory = directoryOf(image);
  await onMachine(directory, 0, fork);
  const other = { ...directory, key: new MemoryKey(image.keySeed) };
  await expect(settleFork(other.key, other.store.journal)).rejects.toThrow("its key is not that");
});
