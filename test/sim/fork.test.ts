import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  apply,
  createTank,
  digest,
  fishOf,
  fork,
  loadTank,
  plantLedgerOf,
  plantsOf,
  saveTank,
  sceneOf,
  statsOf,
  step,
  type Tank,
} from "../../src/sim/index.ts";
import { CAUSES, flowsOf } from "../../src/sim/state/energy-ledger.ts";
import {
  claimedAlive,
  exportOne,
  OTHER_KEY,
  play,
  run,
  scripts,
  specs,
  tankOf,
} from "./scripts.ts";

const NEW_KEY = "00000000000000f0";

/** A world that has seen births, deaths, visitors, fish of another tank, and fish that left. */
function livedIn(seed = 5): Tank {
  const tank = run(tankOf(seed, 40), 1500);
  const other = run(tankOf(seed + 1, 40, OTHER_KEY), 900);
  for (let i = 0; i < 3; i++) {
    const { record } = exportOne(other);
    apply(tank, { kind: "import", record, side: "left" });
  }
  exportOne(tank);
  apply(tank, { kind: "spawn", fish: 2 });
  return run(tank, 300);
}

/** All that is to be seen, without names. */
function life(tank: Tank): unknown {
  const scene = sceneOf(tank);
  const { ledger: _, plantLedger: __, births: ___, ...figures } = statsOf(tank);
  return {
    ...scene,
    fish: scene.fish.map(({ fish_id: _, parent_ids, ...fish }) => [fish, parent_ids.length]),
    plants: scene.plants.map(({ plant_id: _, ...plant }) => plant),
    games: scene.games.map(({ ago, fishIds, plantIds }) => [ago, fishIds.length, plantIds.length]),
    figures,
    dice: tank.fish.dice.slice(0, tank.counters.fish),
    streams: tank.arena.streams.slice(),
  };
}

test("a fork lives exactly the life of the original", () => {
  const tank = livedIn();
  const twin = fork(tank, NEW_KEY);
  for (let i = 0; i < 2500; i++) {
    if (i % 250 === 0) expect(life(twin)).toEqual(life(tank));
    if (i === 700) {
      for (const one of [tank, twin]) {
        apply(one, { kind: "feed", portions: 7 });
        apply(one, { kind: "spawn", fish: 3 });
      }
    }
    step(tank);
    step(twin);
  }
  expect(life(twin)).toEqual(life(tank));
  expect(statsOf(twin).births.sexual + statsOf(twin).births.asexual).toBeGreaterThan(0);
  expect(digest(twin)).not.toBe(digest(tank));
});

test("forking leaves the original as it was, whatever came before", () => {
  fc.assert(
    fc.property(specs(), scripts(), (spec, script) => {
      const tank = createTank(spec);
      const away: Uint8Array[] = [];
      for (const move of script) play(tank, away, move);
      const before = saveTank(tank);
      const twin = fork(tank, NEW_KEY);
      expect(saveTank(tank)).toEqual(before);
      expect(claimedAlive(twin)).toBe(statsOf(tank).alive);
      // Nothing of it is shared: each goes its way, by its own books.
      run(twin, 20);
      expect(saveTank(tank)).toEqual(before);
      expect(life(run(tank, 20))).toEqual(life(twin));
    }),
    { numRuns: 100 },
  );
});

test("everybody gets an id of the new tank; parents are renamed where they live", () => {
  const tank = livedIn();
  const twin = fork(tank, NEW_KEY);
  const [before, after] = [fishOf(tank), fishOf(twin)];
  expect(after.map((fish) => fish.fish_id)).toEqual(
    before.map((_, index) => `${NEW_KEY}-${index + 1}`),
  );
  expect(plantsOf(twin).map((plant) => plant.plant_id)).toEqual(
    plantsOf(tank).map((_, index) => `${NEW_KEY}-${before.length + index + 1}`),
  );
  const renamed = new Map(before.map((fish, index) => [fish.fish_id, after[index]?.fish_id]));
  expect(after.map((fish) => fish.parent_ids)).toEqual(
    before.map((fish) => fish.parent_ids.map((id) => renamed.get(id) ?? id)),
  );
  const parents = after.flatMap((fish) => fish.parent_ids);
  expect(parents.some((id) => id.startsWith(NEW_KEY))).toBe(true);
  expect(parents.some((id) => !id.startsWith(NEW_KEY))).toBe(true);
  // The next one born counts on.
  apply(twin, { kind: "spawn", fish: 1 });
  expect(fishOf(twin).at(-1)?.fish_id).toBe(
    `${NEW_KEY}-${before.length + plantsOf(tank).length + 1}`,
  );
});

test("the ledgers begin anew and account for all that is there", () => {
  const tank = livedIn();
  const twin = fork(tank, NEW_KEY);
  const { alive, ledger, births, plants } = statsOf(twin);
  expect(alive).toBe(statsOf(tank).alive);
  expect(ledger).toEqual({
    founded: alive,
    born: 0,
    spawned: 0,
    imported: 0,
    restored: 0,
    died: { starvation: 0, predation: 0, old_age: 0 },
    exported: 0,
    removed: 0,
  });
  expect(births).toEqual({ sexual: 0, asexual: 0, banked: 0, poker: 0 });
  expect(plantLedgerOf(twin)).toMatchObject({ founded: plants, sprouted: 0, withered: 0 });
  for (const account of ["fish", "food", "plants", "feeders", "crabs"] as const) {
    expect(flowInto(twin, account)).toBeCloseTo(heldBy(tank, account), 6);
  }
});

test("a fork is saved and loaded like any tank", () => {
  const twin = run(fork(livedIn(), NEW_KEY), 100);
  const loaded = loadTank(saveTank(twin));
  expect(digest(loaded)).toBe(digest(twin));
  expect(digest(run(loaded, 200))).toBe(digest(run(twin, 200)));
  expect(digest(fork(loadTank(saveTank(livedIn())), NEW_KEY))).toBe(
    digest(fork(livedIn(), NEW_KEY)),
  );
});

test("fish of the original may come into its fork, and the other way round", () => {
  const tank = livedIn();
  const twin = fork(tank, NEW_KEY);
  const { entityId, record } = exportOne(tank);
  expect(apply(twin, { kind: "import", record, side: "left" })).toEqual({ kind: "done", entityId });
  expect(apply(twin, { kind: "import", record, side: "left" })).toMatchObject({
    reason: "duplicate_fish",
  });
  const own = exportOne(twin, 1);
  expect(apply(tank, { kind: "import", record: own.record, side: "right" })).toEqual({
    kind: "done",
    entityId: own.entityId,
  });
  run(tank, 100);
  run(twin, 100);
});

test("a fork needs a key of its own", () => {
  const tank = tankOf(1, 10);
  expect(() => fork(tank, tank.spec.tankKey)).toThrow(RangeError);
  expect(() => fork(tank, "no key")).toThrow(RangeError);
});

function flowInto(tank: Tank, account: string): number {
  const flows = flowsOf(tank);
  let sum = 0;
  for (const { name, from, to } of CAUSES) {
    if (to === account) sum += flows[name] ?? 0;
    if (from === account) sum -= flows[name] ?? 0;
  }
  return sum;
}

function heldBy(tank: Tank, account: "fish" | "food" | "plants" | "feeders" | "crabs"): number {
  const { fish, food, plants, feeders, crabs, counters } = tank;
  const columns = {
    fish: [fish.energy, fish.bank],
    food: [food.energy, food.closed],
    plants: [plants.energy, plants.nectar],
    feeders: [feeders.stock, feeders.morsel],
    crabs: [crabs.energy],
  }[account];
  return columns
    .flatMap((column) => [...column.slice(0, counters[account])])
    .reduce((a, b) => a + b, 0);
}
