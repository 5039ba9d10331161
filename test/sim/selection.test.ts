import { describe, expect, test } from "bun:test";
import {
  createTank,
  digest,
  isSelection,
  selectMigrants,
  step,
  type Tank,
  TRAITS,
} from "../../src/sim/index.ts";
import { BABY_TICKS, BODY_HALF } from "../../src/sim/model.ts";
import { fishIdOf } from "../../src/sim/state/population.ts";
import type { MigrantOrder } from "../../src/sim/types.ts";

function tank(): Tank {
  const made = createTank({ seed: 7, fish: 40, tankKey: "0123456789abcdef" });
  for (let n = 0; n < 1500; n++) step(made, []);
  return made;
}

const order = (change: Partial<MigrantOrder>): MigrantOrder => ({
  selection: "random",
  direction: "both",
  draws: [0.1, 0.7, 0.4],
  ...change,
});
const rowsOf = (made: Tank, change: Partial<MigrantOrder>) =>
  selectMigrants(made, order(change)).map(({ fishId }) =>
    Array.from({ length: made.counters.fish }, (_, row) => fishIdOf(made, row)).indexOf(fishId),
  );

describe("the fish that leave", () => {
  test("are as many as there are draws, each once, and the tank stays as it was", () => {
    const made = tank();
    const before = digest(made);
    for (const selection of ["random", "best", "oldest", "youngest", "boundary", "best:size"]) {
      const draws = Array.from({ length: 200 }, (_, n) => (n * 0.37) % 1);
      const ids = selectMigrants(made, order({ selection, draws })).map(({ fishId }) => fishId);
      expect(new Set(ids).size).toBe(ids.length);
      if (selection !== "boundary") expect(ids.length).toBeGreaterThan(20);
    }
    expect(selectMigrants(made, order({ draws: [] }))).toEqual([]);
    expect(digest(made)).toBe(before);
  });

  test("are those with the most of a trait, the oldest, or the youngest that travel", () => {
    const made = tank();
    const { fish, counters } = made;
    const fit = Array.from({ length: counters.fish }, (_, row) => row).filter(
      (row) => (fish.age[row] ?? 0) >= BABY_TICKS,
    );
    const most = (column: ArrayLike<number>, sign = 1) =>
      fit.toSorted((a, b) => sign * ((column[b] ?? 0) - (column[a] ?? 0)) || a - b).slice(0, 3);
    expect(rowsOf(made, { selection: "best" })).toEqual(most(fish.energy));
    expect(rowsOf(made, { selection: "best:energy" })).toEqual(most(fish.energy));
    expect(rowsOf(made, { selection: "best:speed" })).toEqual(most(fish.maxSpeed));
    expect(rowsOf(made, { selection: "oldest" })).toEqual(most(fish.age));
    expect(rowsOf(made, { selection: "youngest" })).toEqual(most(fish.age, -1));
  });

  test("go by the wall of the direction: those at it first, or only those", () => {
    const made = tank();
    const reach = 3 * BODY_HALF;
    const far = Array.from({ length: made.counters.fish }, (_, row) => row).filter(
      (row) => (made.fish.x[row] ?? 0) > reach,
    );
    for (const row of far) made.fish.x[row] = made.width / 2 + 1;
    made.fish.x[3] = BODY_HALF + 10;
    made.fish.x[5] = BODY_HALF + 20;
    const left = { direction: "left", draws: Array.from({ length: 60 }, () => 0.99) } as const;
    const boundary = rowsOf(made, { ...left, selection: "boundary" });
    expect(boundary).toContain(3);
    expect(boundary.every((row) => (made.fish.x[row] ?? 0) <= reach)).toBe(true);
    expect(rowsOf(made, left).slice(0, boundary.length)).toEqual(boundary);
    expect(rowsOf(made, left).length).toBeGreaterThan(boundary.length);
    expect(rowsOf(made, { direction: "right", selection: "boundary" })).toEqual([]);
    const sides = new Set(selectMigrants(made, order(left)).map(({ side }) => side));
    expect([...sides]).toEqual(["left"]);
  });

  test("leave by the nearer wall where both are open", () => {
    const made = tank();
    const draws = Array.from({ length: 60 }, () => 0.5);
    const all = selectMigrants(made, order({ draws }));
    const rows = rowsOf(made, { draws });
    for (const [at, { side }] of all.entries()) {
      const x = made.fish.x[rows[at] ?? 0] ?? 0;
      expect(side).toBe(x < made.width / 2 ? "left" : "right");
    }
  });
});

test("a selection is a policy, or the best in a trait", () => {
  for (const trait of TRAITS) expect(isSelection(`best:${trait}`)).toBe(true);
  expect(TRAITS).toContain("aggression");
  for (const word of ["random", "best", "oldest", "youngest", "boundary"]) {
    expect(isSelection(word)).toBe(true);
  }
  const wrong = ["", "worst", "best:", "best:hair", "best:toString", "best:threat_response"];
  for (const word of wrong) expect(isSelection(word)).toBe(false);
});
