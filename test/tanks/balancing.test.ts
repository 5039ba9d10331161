import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  chooseReassignment as choose,
  demandPerSlot,
  GAP_CORES_MIN,
  type PlacedTank,
  type Reassignment,
  slotForNewTank,
} from "../../src/tanks/balancing.ts";

function tank(tankId: string, slot: number, demand?: number, reassignable = true): PlacedTank {
  return { tankId, slot, demand, reassignable };
}

const ALL = [true, true, true];

const placements = fc
  .integer({ min: 1, max: 5 })
  .chain((slots) =>
    fc.record({
      usable: fc.array(fc.boolean(), { minLength: slots, maxLength: slots }),
      tanks: fc.array(
        fc.record({
          slot: fc.nat(slots - 1),
          demand: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
          reassignable: fc.boolean(),
        }),
        { maxLength: 60 },
      ),
    }),
  )
  .map(({ usable, tanks }) => ({
    usable,
    tanks: tanks.map((one, index): PlacedTank => ({ tankId: String(index), ...one })),
  }));

function apply(tanks: readonly PlacedTank[], { tankId, to }: Reassignment): readonly PlacedTank[] {
  return tanks.map((one) => (one.tankId === tankId ? { ...one, slot: to } : one));
}

function busiest(tanks: readonly PlacedTank[], usable: readonly boolean[]): number {
  const demands = demandPerSlot(tanks, usable.length);
  return Math.max(0, ...demands.filter((_, slot) => usable[slot]));
}

describe("balancing", () => {
  test("comes to an end, and never makes the busiest thread busier", () => {
    fc.assert(
      fc.property(placements, ({ tanks, usable }) => {
        let now: readonly PlacedTank[] = tanks;
        let reassigned = 0;
        for (let next = choose(now, usable); next; next = choose(now, usable)) {
          const after = apply(now, next);
          expect(busiest(after, usable)).toBeLessThanOrEqual(busiest(now, usable));
          now = after;
          expect(++reassigned).toBeLessThanOrEqual(tanks.length * 4);
        }
      }),
    );
  });

  test("never sends a tank straight back, also when its figure is a tenth off", () => {
    fc.assert(
      fc.property(placements, fc.double({ min: 0.9, max: 1.1, noNaN: true }), (placed, noise) => {
        const { tanks, usable } = placed;
        const chosen = choose(tanks, usable);
        if (!chosen) return;
        const after = apply(tanks, chosen).map((one) =>
          one.tankId === chosen.tankId ? { ...one, demand: (one.demand ?? 0) * noise } : one,
        );
        expect(choose(after, usable)?.tankId).not.toBe(chosen.tankId);
      }),
    );
  });

  test("reassigns only tanks that are reassignable, and only to usable threads", () => {
    fc.assert(
      fc.property(placements, ({ tanks, usable }) => {
        const chosen = choose(tanks, usable);
        if (!chosen) return;
        const found = tanks.find((one) => one.tankId === chosen.tankId);
        expect(found?.reassignable).toBe(true);
        expect(usable[chosen.to]).toBe(true);
        expect(found?.slot).not.toBe(chosen.to);
      }),
    );
  });

  test("evens out a thousand small tanks until a tenth of a core is left", () => {
    let now: readonly PlacedTank[] = Array.from({ length: 1000 }, (_, index) =>
      tank(String(index), index < 700 ? 0 : 1, 0.001),
    );
    for (let next = choose(now, ALL); next; next = choose(now, ALL)) now = apply(now, next);
    const demands = demandPerSlot(now, 3);
    expect(Math.max(...demands) - Math.min(...demands)).toBeLessThanOrEqual(GAP_CORES_MIN);
  });

  test("parts two tanks that take all they get, and leaves one alone", () => {
    const together = [tank("a", 0, 1), tank("b", 0, 1)];
    expect(choose(together, ALL)).toEqual({ tankId: "a", to: 1 });
    expect(choose([tank("a", 0, 1)], ALL)).toBeUndefined();
  });

  test("leaves a thread that is not much busier than the others as it is", () => {
    expect(choose([tank("a", 0, 0.05), tank("b", 0, 0.04)], ALL)).toBeUndefined();
  });
});

describe("a new tank", () => {
  test("goes to the least busy thread that can be used", () => {
    const tanks = [tank("a", 0, 0.5), tank("b", 1, 0.2), tank("c", 2, 0.1)];
    expect(slotForNewTank(tanks, ALL)).toBe(2);
    expect(slotForNewTank(tanks, [true, true, false])).toBe(1);
  });

  test("goes where the fewest are while nothing is measured", () => {
    expect(slotForNewTank([tank("a", 0), tank("b", 1)], ALL)).toBe(2);
    expect(slotForNewTank([], ALL)).toBe(0);
    expect(slotForNewTank([tank("a", 0, 0), tank("b", 1, 0)], ALL)).toBe(2);
  });

  test("finds a place where no thread can be used", () => {
    expect(slotForNewTank([tank("a", 0)], [false, false])).toBe(0);
  });
});
