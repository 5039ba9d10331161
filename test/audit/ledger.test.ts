import { expect, test } from "bun:test";
import { aliveBy, surplusOf } from "../../src/audit/ledger.ts";
import { seenTwice } from "../../src/audit/places.ts";
import type { Ledger } from "../../src/sim/types.ts";

const LEDGER: Ledger = {
  founded: 50,
  born: 20,
  spawned: 3,
  imported: 7,
  restored: 2,
  died: { starvation: 5, predation: 4, old_age: 6 },
  exported: 11,
  removed: 1,
};

test("what came minus what went is alive", () => {
  expect(aliveBy(LEDGER)).toBe(55);
  expect(surplusOf({ ledger: LEDGER, alive: 55 })).toBe(0);
});

test("a fish that is missing is negative, one too many positive", () => {
  expect(surplusOf({ ledger: LEDGER, alive: 54 })).toBe(-1);
  expect(surplusOf({ ledger: { ...LEDGER, imported: 6 }, alive: 55 })).toBe(1);
});

test("an entity that was seen in several places is told with all of them", () => {
  const seen = (entity_id: string, place: string) => ({ entity_id, place });
  const repeated = seenTwice([seen("a", "1"), seen("b", "1"), seen("a", "2"), seen("a", "3")]);
  expect([...repeated]).toEqual([["a", [seen("a", "1"), seen("a", "2"), seen("a", "3")]]]);
  expect(seenTwice([seen("a", "1"), seen("b", "2")]).size).toBe(0);
});
