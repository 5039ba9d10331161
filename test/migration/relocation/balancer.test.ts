import { describe, expect, test } from "bun:test";
import { Placement } from "../../../src/cluster/placement/placement.ts";
import type { ServerRecord } from "../../../src/cluster/server-record.ts";
import { balancingMove } from "../../../src/migration/relocation/balance.ts";
import { Balancer } from "../../../src/migration/relocation/balancer.ts";
import { Prng } from "../../../src/platform/simulated/prng.ts";
import { SimulatedWorld } from "../../../src/platform/simulated/world.ts";
import { repeat, sleep } from "../../../src/platform/timers.ts";
import type { HostedTank } from "../../../src/tanks/tanks.ts";
import { fakeServer, fakeTank } from "../../api/fake-records.ts";

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const HEARTBEAT_MS = 10_000;
const MINUTE_MS = 60_000;

interface Move {
  readonly tankId: string;
  readonly from: string;
  readonly to: string;
  readonly atMs: number;
}

/** Nodes that know each other by records which are up to a heartbeat old. */
class BalancedCluster {
  readonly world: SimulatedWorld;
  readonly moves: Move[] = [];
  mostAtOnce = 0;
  readonly #tanks = new Map<string, Map<string, number>>();
  readonly #published = new Map<string, ServerRecord>();
  readonly #announced = new Map<string, readonly string[]>();
  readonly #cores: Readonly<Record<string, number>>;
  readonly #prng: Prng;
  #underWay = 0;

  /** @param fish of each tank of each node */
  constructor(
    seed: number,
    fish: Readonly<Record<string, readonly number[]>>,
    cores: Readonly<Record<string, number>> = {},
  ) {
    this.world = new SimulatedWorld({ seed });
    this.#prng = new Prng(seed, "balance");
    this.#cores = cores;
    for (const [node, tanks] of Object.entries(fish)) {
      this.#tanks.set(node, new Map(tanks.map((count, n) => [`${node}-${n}`, count])));
    }
    for (const node of this.#tanks.keys()) this.#publish(node);
    for (const node of this.#tanks.keys()) this.#start(node);
  }

  loads(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.#tanks].map(([node, tanks]) => {
        const fish = [...tanks.values()].reduce((sum, one) => sum + one, 0);
        return [node, (fish + 20 * tanks.size) / this.#coresOf(node)];
      }),
    );
  }

  /** Every tank's population changes by up to so many percent, at each heartbeat. */
  waver(percent: number): void {
    const { timers } = this.world.addHost({ name: "nature" }).boot();
    const at = new Map([...this.#tanks.values()].flatMap((tanks) => [...tanks]));
    repeat(timers, HEARTBEAT_MS, () => {
      for (const tanks of this.#tanks.values()) {
        for (const tankId of tanks.keys()) {
          const factor = 1 + ((this.#prng.unit() * 2 - 1) * percent) / 100;
          tanks.set(tankId, Math.round((at.get(tankId) ?? 0) * factor));
        }
      }
    });
  }

  run(minutes: number): Promise<void> {
    return this.world.run(this.world.nowMs + minutes * MINUTE_MS);
  }

  #coresOf(node: string): number {
    return this.#cores[node] ?? 1;
  }

  #recordOf(node: string): ServerRecord {
    const tanks = this.#tanks.get(node) ?? new Map<string, number>();
    return fakeServer(node, {
      server_id: node,
      tank_count: tanks.size,
      fish_count: [...tanks.values()].reduce((sum, one) => sum + one, 0),
      resources: { cpu_cores: this.#coresOf(node) },
    });
  }

  #publish(node: string): void {
    this.#published.set(node, this.#recordOf(node));
    this.#announced.set(node, [...(this.#tanks.get(node)?.keys() ?? [])]);
  }

  #start(node: string): void {
    const { clock, timers } = this.world.addHost({ name: node }).boot();
    const placement = new Placement({
      nodeId: node,
      clock,
      servers: () =>
        [...this.#published.values()].map((record) =>
          record.node_id === node ? this.#recordOf(node) : record,
        ),
      tanksOf: (id) =>
        (this.#announced.get(id) ?? []).map((tank_id) => ({ tank_id, name: tank_id, epoch: 1 })),
      mayOrder: () => true,
    });
    // Nobody's clock is another's.
    timers.after(this.#prng.unit() * HEARTBEAT_MS, () => {
      repeat(timers, HEARTBEAT_MS, () => this.#publish(node));
      new Balancer({
        nodeId: node,
        placement,
        tanks: { list: () => this.#hosted(node) },
        timers,
        log: LOG,
        isFree: () => true,
        move: async ({ row, stats }, to) => {
          const reservation = placement.reserve(to, stats.alive);
          this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#underWay);
          await sleep(timers, 2_000);
          this.#underWay--;
          this.#carry(row.tank_id, node, to);
          reservation.placed(row);
        },
      }).start();
    });
  }

  #hosted(node: string): readonly HostedTank[] {
    return [...(this.#tanks.get(node) ?? [])].map(([id, alive]) => {
      const tank = fakeTank(id);
      return { ...tank, stats: { ...tank.stats, alive } };
    });
  }

  #carry(tankId: string, from: string, to: string): void {
    const fish = this.#tanks.get(from)?.get(tankId);
    if (fish === undefined) throw new Error(`${from} has no ${tankId}`);
    this.#tanks.get(from)?.delete(tankId);
    this.#tanks.get(to)?.set(tankId, fish);
    this.moves.push({ tankId, from, to, atMs: this.world.nowMs });
  }
}

const SEEDS = Array.from({ length: 20 }, (_, n) => n + 1);

describe("balancing", () => {
  test.each(SEEDS)("evens a cluster out and then lets it be (seed %i)", async (seed) => {
    const prng = new Prng(seed, "balance");
    const fish = Object.fromEntries(
      ["a", "b", "c", "d", "e"].map((node, n) => [
        node,
        Array.from({ length: n === 0 ? 12 : Math.floor(prng.unit() * 4) }, () =>
          Math.floor(20 + prng.unit() * 80),
        ),
      ]),
    );
    const cluster = new BalancedCluster(seed, fish, { b: 2, c: 4 });
    cluster.waver(10);
    await cluster.run(60);
    const before = cluster.moves.length;
    expect(before).toBeGreaterThan(0);
    expect(cluster.mostAtOnce).toBe(1);
    const loads = Object.values(cluster.loads());
    expect(Math.max(...loads)).toBeLessThan(2.5 * Math.min(...loads) + 120);
    // No tank comes back to where it was.
    const seen = new Set(
      Object.entries(fish).flatMap(([n, all]) => all.map((_, i) => `${n}-${i} ${n}`)),
    );
    for (const { tankId, to } of cluster.moves) {
      expect(seen.has(`${tankId} ${to}`)).toBe(false);
      seen.add(`${tankId} ${to}`);
    }
    await cluster.run(60);
    expect(cluster.moves.length).toBe(before);
  });

  test("leaves an even cluster alone, whatever its fish do", async () => {
    const small = Array.from({ length: 60 }, () => 10);
    const cluster = new BalancedCluster(1, { a: small, b: small, c: small });
    cluster.waver(80);
    await cluster.run(120);
    expect(cluster.moves).toEqual([]);
  });

  test("leaves small differences, absolute and relative ones", async () => {
    const tiny = (count: number) => Array.from({ length: count }, () => 2);
    const little = new BalancedCluster(1, { a: tiny(4), b: tiny(2) });
    await little.run(60);
    const relative = new BalancedCluster(1, { a: tiny(30), b: tiny(24) });
    await relative.run(60);
    expect([little.moves, relative.moves]).toEqual([[], []]);
  });

  test("does not move the only tank of a node, which would change nothing", async () => {
    const cluster = new BalancedCluster(1, { a: [500], b: [] });
    await cluster.run(60);
    expect(cluster.moves).toEqual([]);
  });

  test("counts what a node is able to do", async () => {
    const cluster = new BalancedCluster(1, { a: [50, 50, 50, 50], b: [] }, { a: 16 });
    await cluster.run(60);
    expect(cluster.moves).toEqual([]);
  });
});

describe("a single decision", () => {
  const idle = { node_id: "idle", load: 0, cores: 1, accepts: true };
  const tanks = [
    { tank_id: "small", cost: 30 },
    { tank_id: "large", cost: 90 },
    { tank_id: "huge", cost: 180 },
  ];

  test("takes the largest tank after which the other is not the busier one", () => {
    const self = { node_id: "self", load: 300, cores: 1, accepts: true };
    expect(balancingMove(self, [idle], tanks)).toEqual({ tank_id: "large", node_id: "idle" });
  });

  test("is another node's where that one is busier", () => {
    const self = { node_id: "self", load: 300, cores: 1, accepts: true };
    const busier = { node_id: "busier", load: 400, cores: 1, accepts: false };
    expect(balancingMove(self, [idle, busier], tanks)).toBeUndefined();
  });

  test("is none where nobody takes a tank", () => {
    const self = { node_id: "self", load: 300, cores: 1, accepts: true };
    expect(balancingMove(self, [{ ...idle, accepts: false }], tanks)).toBeUndefined();
  });
});
