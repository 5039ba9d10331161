import { expect, test } from "bun:test";
import { drawStartOffset } from "../../src/cluster/identity/start-clock.ts";
import type { Core, CoreSettings } from "../../src/node/core.ts";
import type { SimulatedProcess } from "../../src/platform/simulated/process.ts";
import { SimulatedWorld } from "../../src/platform/simulated/world.ts";
import { CORE_SETTINGS, CoreNode } from "../support/simulated/core-node.ts";

const TANKS = 3;
/** A start that is ended may still wait for a few writes that are under way. */
const STOP_MS_MAX = 200;

/** A machine with a slow disk, and the nodes that are started on it one after the other. */
class Desk extends CoreNode {
  readonly world: SimulatedWorld;

  constructor() {
    const world = new SimulatedWorld({ seed: 5 });
    const keySeed = new Uint8Array(32).fill(3);
    super(world, world.addHost({ name: "desk" }), { keySeed, commitMs: { least: 1, most: 6 } });
    this.world = world;
  }

  boot(): Core {
    return this.create().core;
  }

  protected override startOffsetMs({ clock, random }: SimulatedProcess): number {
    return drawStartOffset(clock, random);
  }

  protected override settings(): CoreSettings {
    return { ...CORE_SETTINGS, firstTanks: { tanks: TANKS, fish: 4, seed: 1 } };
  }

  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = () => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.world.runUntil(this.world.nowMs + 60_000, () => settled);
    return promise;
  }

  async run(durationMs: number): Promise<void> {
    await this.world.run(this.world.nowMs + durationMs);
  }

  /** Everything that is on the disk: what a promise may rest on. */
  async disk(): Promise<string> {
    const { journal } = this.store;
    const tanks = await journal.tanks();
    const logs = await Promise.all(tanks.map((row) => journal.log(row.tank_id, 0)));
    return JSON.stringify([tanks, logs]);
  }
}

/** A node that was killed: its tanks have tails to replay. */
async function killedDesk(): Promise<Desk> {
  const desk = new Desk();
  const core = desk.boot();
  await desk.settle(core.start());
  for (let meal = 0; meal < 2; meal++) {
    await desk.run(700);
    for (const { row } of core.tanks.list()) {
      await desk.settle(core.tanks.submit(row.tank_id, { kind: "feed", portions: 1 }));
    }
  }
  desk.kill();
  return desk;
}

/** Stops a start after `steps` events of the world; false once it had come to its end by itself. */
async function stopAfter(desk: Desk, steps: number): Promise<boolean> {
  const core = desk.boot();
  let outcome = "under way";
  void core.start().then(
    () => {
      outcome = "started";
    },
    () => {
      outcome = "ended";
    },
  );
  for (let step = 0; step < steps; step++) await desk.world.step();
  const early = outcome === "under way";
  const stoppedAtMs = desk.world.nowMs;
  await desk.settle(core.stop());
  expect(outcome).toBe(early ? "ended" : "started");
  expect(desk.world.nowMs - stoppedAtMs).toBeLessThanOrEqual(STOP_MS_MAX);
  const disk = await desk.disk();
  // What was stopped does nothing any more.
  await desk.run(10_000);
  expect(await desk.disk()).toBe(disk);
  desk.kill();
  return early;
}

test("a start can be stopped at any moment: the next one on its disk has every tank", async () => {
  let early = true;
  let stops = 0;
  for (; early; stops++) {
    const desk = await killedDesk();
    const before = await desk.disk();
    early = await stopAfter(desk, stops);
    // A tank that was back goes as it came: nobody has changed it.
    if (early) expect(await desk.disk()).toBe(before);
    const again = desk.boot();
    const { recovery, tanksMade } = await desk.settle(again.start());
    expect([recovery.tanks.map(({ status }) => status), tanksMade]).toEqual([
      ["recovered", "recovered", "recovered"],
      0,
    ]);
  }
  // The loop has met the inside of the start, not only its ends.
  expect(stops).toBeGreaterThan(20);
}, 60_000);

test("a first start that is stopped at any moment is completed by the next", async () => {
  let early = true;
  let partial = 0;
  for (let steps = 0; early; steps++) {
    const desk = new Desk();
    early = await stopAfter(desk, steps);
    const made = (await desk.store.journal.tanks()).length;
    if (made > 0 && made < TANKS) partial++;
    const again = desk.boot();
    const { recovery, tanksMade } = await desk.settle(again.start());
    expect(recovery.tanks.every(({ status }) => status === "recovered")).toBe(true);
    expect([recovery.total + tanksMade, again.tanks.list().length]).toEqual([TANKS, TANKS]);
  }
  expect(partial).toBeGreaterThan(0);
}, 60_000);

test("a stop before the start, and one after the other, are no trouble", async () => {
  const desk = new Desk();
  const core = desk.boot();
  await desk.settle(core.stop());
  expect(await desk.settle(core.start().catch(({ code }) => code))).toBe("not_ready");
  await desk.settle(core.stop());
  expect(await desk.store.journal.tanks()).toEqual([]);
});

test("a signal's reason is what the start rejects with", async () => {
  const desk = await killedDesk();
  const core = desk.boot();
  const asked = new AbortController();
  const start = core.start({ signal: asked.signal, onProgress: () => asked.abort("enough") });
  expect(await desk.settle(start.catch((reason: unknown) => reason))).toBe("enough");
  await desk.settle(core.stop());
});
