import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  createTank,
  digest,
  ENGINE_VERSION,
  loadTank,
  SnapshotError,
  saveTank,
  statsOf,
} from "../../src/sim/index.ts";
import { play, run, scripts, specs, tankOf } from "./scripts.ts";

test("a loaded tank is the saved one, now and in every future", () => {
  fc.assert(
    fc.property(specs(), scripts(12), scripts(12), (spec, past, future) => {
      const tank = createTank(spec);
      const away: Uint8Array[] = [];
      for (const move of past) play(tank, away, move);
      const saved = saveTank(tank);
      const loaded = loadTank(saved);
      expect(saveTank(loaded)).toEqual(saved);
      expect(digest(loaded)).toBe(digest(tank));
      expect(statsOf(loaded)).toEqual(statsOf(tank));
      const awayToo = [...away];
      for (const move of future) {
        expect(play(loaded, awayToo, move)).toEqual(play(tank, away, move));
        expect(digest(loaded)).toBe(digest(tank));
      }
    }),
    { numRuns: 150 },
  );
});

test("a snapshot is read from the middle of a larger buffer", () => {
  const saved = saveTank(run(tankOf(1, 20), 50));
  const padded = new Uint8Array(saved.length + 9);
  padded.set(saved, 3);
  const loaded = loadTank(padded.subarray(3, 3 + saved.length));
  expect(saveTank(loaded)).toEqual(saved);
});

test("any damage is noticed", () => {
  const saved = saveTank(run(tankOf(1, 20), 50));
  fc.assert(
    fc.property(fc.nat(saved.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const copy = saved.slice();
      copy[at] = (copy[at] ?? 0) ^ bits;
      expect(() => loadTank(copy)).toThrow(SnapshotError);
      expect(() => loadTank(saved.subarray(0, at))).toThrow(SnapshotError);
    }),
    { numRuns: 300 },
  );
  expect(() => loadTank(Uint8Array.of(...saved, 0, 0, 0, 0))).toThrow(SnapshotError);
});

test("a snapshot of another engine names its version", () => {
  const saved = saveTank(tankOf(1, 20));
  new DataView(saved.buffer).setUint32(4, ENGINE_VERSION + 1, true);
  try {
    loadTank(saved);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(SnapshotError);
    expect(error).toMatchObject({ reason: "other_version", version: ENGINE_VERSION + 1 });
  }
});

test("the digest sees every part of the state", () => {
  const tank = run(tankOf(1, 20), 100);
  const digests = new Set([digest(tank)]);
  const { fish, food, crabs, plants, feeders } = tank.arena;
  const tables = [fish, food, crabs, plants, feeders];
  for (const { placed } of tables) {
    for (const { words } of placed) {
      words[0] = (words[0] ?? 0) ^ 1;
      digests.add(digest(tank));
    }
  }
  tank.arena.streams[0] = (tank.arena.streams[0] ?? 0) ^ 1;
  digests.add(digest(tank));
  const columns = tables.reduce((sum, { placed }) => sum + placed.length, 0);
  expect(digests.size).toBe(columns + 2);
});

test("a number that is none stops the digest and the tick", () => {
  const tank = run(tankOf(1, 20), 10);
  tank.fish.energy[3] = Number.NaN;
  expect(() => digest(tank)).toThrow("not a number");
  expect(() => run(tank, 2)).toThrow("not a number");
});
