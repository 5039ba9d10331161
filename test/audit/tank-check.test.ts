import { expect, test } from "bun:test";
import type { TankStatement } from "../../src/audit/statement.ts";
import { checkTank } from "../../src/audit/tank-check.ts";

const LEDGER = {
  founded: 10,
  born: 4,
  spawned: 0,
  imported: 3,
  restored: 1,
  died: { starvation: 2 },
  exported: 5,
  removed: 0,
};

function tank(change: Partial<TankStatement> = {}): TankStatement {
  return {
    tank_id: "t1",
    name: "reef",
    epoch: 1,
    seq: 9,
    tick: 100,
    alive: 11,
    ledger: LEDGER,
    exported: [5, 5],
    restored: [1, 1],
    imported: [3, 3],
    ...change,
  };
}

function found(change: Partial<TankStatement>) {
  return checkTank(tank(change)).map(({ kind, count, named }) => [kind, count, named?.by]);
}

test("a tank whose fish, ledger and transfers agree has no findings", () => {
  expect(checkTank(tank())).toEqual([]);
  expect(found({ exported: [4, 6], imported: [3, 4], restored: [0, 1] })).toEqual([]);
});

test("a wrong ledger is found, whichever way it is wrong", () => {
  expect(found({ alive: 10 })).toEqual([["missing", 1, undefined]]);
  expect(found({ alive: 13 })).toEqual([["double", 2, undefined]]);
  const forgotten = { ...LEDGER, imported: 2 };
  expect(found({ ledger: forgotten, alive: 10 })).toEqual([["missing", 1, "recorded"]]);
});

test.each([
  ["exported", [4, 4], ["missing", 1, "logged"]],
  ["exported", [6, 7], ["double", 1, "recorded"]],
  ["imported", [1, 1], ["double", 2, "logged"]],
  ["imported", [4, 4], ["missing", 1, "recorded"]],
  ["restored", [0, 0], ["double", 1, "logged"]],
  ["restored", [2, 2], ["missing", 1, "recorded"]],
] as const)("%s by its transfers %p", (of, bounds, expected) => {
  expect(found({ [of]: [...bounds] })).toEqual([[...expected]]);
});
