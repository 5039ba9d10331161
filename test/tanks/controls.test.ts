import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Command } from "../../src/sim/types.ts";
import { decodeSnapshot, encodeSnapshot } from "../../src/tanks/snapshots/snapshot-file.ts";
import { arrive, type Controls, steer } from "../../src/tanks/thread/controls.ts";
import { Bench, NO_SNAPSHOTS, plainControls } from "./harness.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 20 };
const FORWARD = { kind: "fast_forward", ticks: 100 } as const;

describe("controls", () => {
  test("a fast-forward ends where it was to go, whatever comes between", () => {
    expect(steer(plainControls(), FORWARD, 50).fastForwardTo).toBe(150);
    const forward = steer(plainControls(), FORWARD, 50);
    expect(arrive(forward, 149)).toBe(forward);
    expect(arrive(forward, 150)).toEqual(plainControls());
  });

  test("another one adds its ticks to those still to come", () => {
    const forward = steer(plainControls(), FORWARD, 50);
    expect(steer(forward, FORWARD, 70).fastForwardTo).toBe(250);
  });

  test("a pause ends it; a resume and a tick rate say how the tank goes on afterwards", () => {
    const forward = steer(plainControls(30, true), FORWARD, 0);
    expect(steer(forward, { kind: "pause" }, 5)).toEqual(plainControls(30, true));
    const resumed = steer(forward, { kind: "resume" }, 5);
    expect(resumed).toEqual({ ...plainControls(), fastForwardTo: 100 });
    const slower = steer(resumed, { kind: "set_tick_rate", ticksPerSecond: 2 }, 6);
    expect(arrive(slower, 100)).toEqual(plainControls(2));
  });

  test("other commands leave them alone", () => {
    const forward = steer(plainControls(), FORWARD, 0);
    expect(steer(forward, { kind: "feed", portions: 1 }, 5)).toBe(forward);
  });
});

describe("a tank that is forwarded", () => {
  test("goes as fast as it can for so many ticks, then at its rate", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const order = { kind: "fast_forward", ticks: 3000 } as const;
    const { tick } = await bench.settle(tanks.submit(row.tank_id, order));
    expect(tanks.get(row.tank_id)).toMatchObject({ fastForwardTo: tick + 3000 });
    await bench.run(1000);
    expect(tanks.get(row.tank_id)?.fastForwardTo).toBeUndefined();
    const reached = tanks.get(row.tank_id)?.stats.tick ?? 0;
    expect(reached).toBeGreaterThanOrEqual(tick + 3000);
    expect(reached).toBeLessThanOrEqual(tick + 3031);
    await bench.run(1000);
    expect((tanks.get(row.tank_id)?.stats.tick ?? 0) - reached).toBeLessThanOrEqual(31);
  });

  test("makes a single step where it is paused, and is paused again", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    const { tick } = await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    await bench.settle(tanks.submit(row.tank_id, { kind: "fast_forward", ticks: 1 }));
    await bench.run(1000);
    expect(tanks.get(row.tank_id)).toMatchObject({ status: "paused", stats: { tick: tick + 1 } });
  });

  test("goes on to the same tick after a crash in the middle of it", async () => {
    for (const snapshots of [NO_SNAPSHOTS, { ...NO_SNAPSHOTS, ticksMax: 500 }]) {
      const bench = new Bench({ snapshots });
      const tanks = await bench.start();
      const { row } = await bench.settle(tanks.create(REEF));
      const { tick } = await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
      const order = { kind: "fast_forward", ticks: 6000 } as const;
      await bench.settle(tanks.submit(row.tank_id, order));
      await bench.run(6);
      expect(tanks.get(row.tank_id)?.fastForwardTo).toBe(tick + 6000);
      bench.kill();
      const again = await bench.start();
      expect(again.get(row.tank_id)).toMatchObject({
        status: "running",
        fastForwardTo: tick + 6000,
      });
      await bench.run(2000);
      expect(again.get(row.tank_id)).toMatchObject({
        status: "paused",
        stats: { tick: tick + 6000 },
      });
      await bench.settle(again.submit(row.tank_id, { kind: "feed", portions: 1 }));
      bench.kill();
      await bench.start();
      expect(bench.loaded?.digest).toBe(bench.replayedDigest(row));
    }
  });

  test("stops where it is when it is paused", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.settle(tanks.submit(row.tank_id, { kind: "fast_forward", ticks: 1_000_000 }));
    await bench.run(5);
    const { tick } = await bench.settle(tanks.submit(row.tank_id, { kind: "pause" }));
    await bench.run(1000);
    expect(tanks.get(row.tank_id)).toMatchObject({ status: "paused", stats: { tick } });
  });
});

test("live and replayed, the same commands give the same controls", () => {
  const commands = fc.array(
    fc.tuple(
      fc.nat(50),
      fc.oneof(
        fc.constantFrom<Command>({ kind: "pause" }, { kind: "resume" }),
        fc.nat(30).map((ticks): Command => ({ kind: "fast_forward", ticks: ticks + 1 })),
        fc.nat(9).map((ticksPerSecond): Command => ({ kind: "set_tick_rate", ticksPerSecond })),
      ),
    ),
  );
  fc.assert(
    fc.property(commands, (script) => {
      let tick = 0;
      let live: Controls = plainControls();
      let lazy: Controls = plainControls();
      for (const [ticks, command] of script) {
        for (let i = 0; i < ticks; i++) live = arrive(live, ++tick);
        lazy = arrive(lazy, tick);
        live = steer(live, command, tick);
        lazy = steer(lazy, command, tick);
        expect(lazy).toEqual(live);
      }
    }),
  );
});

test("a snapshot keeps a fast-forward; a file from before there were any has none", () => {
  const header = {
    tank_id: "a",
    epoch: 1,
    engine_version: 1,
    seq: 3,
    tick: 5,
    digest: "d",
    log_checksum: "c",
    paused: true,
    tick_rate: 30,
  };
  const read = (one: typeof header & { fast_forward_to?: number }) =>
    decodeSnapshot(encodeSnapshot(one, new Uint8Array([1]))).state.controls;
  expect(read(header)).toEqual(plainControls(30, true));
  expect(read({ ...header, fast_forward_to: 9 }).fastForwardTo).toBe(9);
});
