import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  apply,
  type Command,
  createTank,
  digest,
  FAST_FORWARD_TICKS_MAX,
  fishOf,
  fishProfileOf,
  loadTank,
  saveTank,
  selectMigrants,
  statsOf,
  step,
} from "../../src/sim/index.ts";
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

test("a rejected command changes nothing at all", () => {
  let rejections = 0;
  fc.assert(
    fc.property(specs(), scripts(), (spec, script) => {
      const tank = createTank(spec);
      const away: Uint8Array[] = [];
      for (const move of script) {
        const before = saveTank(tank);
        if (play(tank, away, move)?.kind !== "rejected") continue;
        rejections += 1;
        expect(saveTank(tank)).toEqual(before);
      }
    }),
    { numRuns: 300 },
  );
  expect(rejections).toBeGreaterThan(50);
});

test("export and restore leave no trace: same digest, same future", () => {
  fc.assert(
    fc.property(specs(), fc.nat(1_500), fc.nat(), (spec, ticks, pick) => {
      const tank = run(createTank(spec), ticks);
      const twin = run(createTank(spec), ticks);
      const fish = fishOf(tank);
      const chosen = fish[pick % fish.length];
      if (chosen === undefined) return;
      const out = apply(tank, { kind: "export", entityId: chosen.fish_id, side: "left" });
      if (out.kind !== "done" || out.record === undefined) throw new Error("not exported");
      expect(fishOf(tank)).not.toContainEqual(chosen);
      const back = apply(tank, { kind: "restore", record: out.record });
      expect(back).toEqual({ kind: "done", entityId: chosen.fish_id });
      expect(fishOf(tank)).toEqual(fish);
      expect(digest(tank)).toBe(digest(twin));
      expect(digest(run(tank, 50))).toBe(digest(run(twin, 50)));
    }),
    { numRuns: 100 },
  );
});

test("ten hops change nothing but hops and place, and the way home neither", () => {
  const tanks = [run(tankOf(1, 30), 700), run(tankOf(2, 250, OTHER_KEY), 700)] as const;
  const { entityId, record: first } = exportOne(tanks[0]);
  let record = first;
  for (let hop = 1; hop <= 10; hop++) {
    const tank = tanks[hop % 2 === 1 ? 1 : 0];
    const side = hop % 3 === 0 ? "right" : "left";
    expect(apply(tank, { kind: "import", record, side })).toEqual({ kind: "done", entityId });
    const view = fishOf(tank).find((fish) => fish.fish_id === entityId);
    expect(view?.hops).toBe(hop);
    expect(view?.x).toBe(side === "left" ? 25 : tank.width - 25);
    const out = apply(tank, { kind: "export", entityId, side: "right" });
    if (out.kind !== "done" || out.record === undefined) throw new Error("not exported");
    record = out.record;
  }
  const changed = differingBytes(first, record);
  expect(changed).toContain(HOPS_AT);
  const explained = (at: number) =>
    (at >= 12 && at < 20) || (at >= 24 && at < 40) || at === HOPS_AT;
  // The header's checksum, x and y, and the low byte of hops.
  expect(changed.filter((at) => !explained(at))).toEqual([]);
});

/** 24 bytes of header, twelve f64, then the eighth of the words that lead to hops. */
const HOPS_AT = 24 + 13 * 8 + 8 * 4;

function differingBytes(a: Uint8Array, b: Uint8Array): number[] {
  return [...a.keys()].filter((at) => a[at] !== b[at]);
}

test("an immigrant keeps its id, parents and generation and lives on", () => {
  const source = run(tankOf(4, 40), 1_500);
  const destination = run(tankOf(5, 10, OTHER_KEY), 10);
  const traveller = fishOf(source).find((f) => f.parent_ids.length > 0 && f.stage !== "baby");
  if (traveller === undefined) throw new Error("nobody was born and grew up");
  const out = apply(source, { kind: "export", entityId: traveller.fish_id, side: "right" });
  if (out.kind !== "done" || out.record === undefined) throw new Error("not exported");
  step(destination, [{ kind: "import", record: out.record, side: "left" }]);
  const here = fishOf(destination).find((f) => f.fish_id === traveller.fish_id);
  expect(here).toMatchObject({
    parent_ids: traveller.parent_ids,
    generation: traveller.generation,
    age: traveller.age + 1,
    hue: traveller.hue,
    hops: 1,
  });
  expect(statsOf(source).ledger.exported).toBe(1);
  expect(statsOf(destination).ledger.imported).toBe(1);
});

test("a full tank refuses an import but takes a restore, and the arena grows with it", () => {
  const tank = run(tankOf(6, 100), 0);
  const homes = [0, 1, 2].map(() => exportOne(tank));
  const room = tank.cap - statsOf(tank).alive;
  expect(apply(tank, { kind: "spawn", fish: room })).toEqual({ kind: "done" });
  for (const { record } of homes) {
    const before = digest(tank);
    expect(apply(tank, { kind: "import", record, side: "left" })).toMatchObject({
      kind: "rejected",
      reason: "tank_full",
    });
    expect(digest(tank)).toBe(before);
  }
  for (const { record } of homes) {
    expect(apply(tank, { kind: "restore", record }).kind).toBe("done");
  }
  expect(statsOf(tank).alive).toBe(tank.cap + 3);
  run(tank, 200);
});

test("in a full tank a fish takes the place of the worst grown one, if it is better", () => {
  const tank = run(tankOf(6, 100), 700);
  const { entityId, record } = exportOne(tank);
  apply(tank, { kind: "spawn", fish: tank.cap - statsOf(tank).alive });
  const grown = () => fishOf(tank).filter(({ stage }) => stage !== "baby");
  const total = ({ fish_id }: { fish_id: string }) => {
    const { energy = 0, bank = 0 } = fishProfileOf(tank, fish_id) ?? {};
    return energy + bank;
  };
  const arrival = { kind: "import", record, side: "left", replaces: true } as const;
  const others = grown().toSorted((a, b) => total(a) - total(b));
  const worst = others[0]?.fish_id ?? "";
  const before = saveTank(tank);
  expect(apply(tank, { ...arrival, replaces: undefined }).kind).toBe("rejected");
  expect(saveTank(tank)).toEqual(before);
  expect(apply(tank, arrival)).toEqual({ kind: "done", entityId });
  const ids = fishOf(tank).map((fish) => fish.fish_id);
  expect(ids).toContain(entityId);
  expect(ids).not.toContain(worst);
  expect(statsOf(tank)).toMatchObject({ alive: tank.cap, ledger: { imported: 1, removed: 1 } });
  expect(claimedAlive(tank)).toBe(tank.cap);
  run(tank, 200);
});

test("in a full tank of better fish it is refused, and nothing changes", () => {
  const tank = run(tankOf(6, 100), 700);
  const poorest = fishOf(tank).toSorted((a, b) => a.energy - b.energy);
  const grown = poorest.find(({ stage }) => stage !== "baby")?.fish_id ?? "";
  const out = apply(tank, { kind: "export", entityId: grown, side: "left" });
  if (out.kind !== "done" || out.record === undefined) throw new Error("not exported");
  apply(tank, { kind: "spawn", fish: tank.cap - statsOf(tank).alive });
  const { fish, counters } = tank;
  fish.energy.subarray(0, counters.fish).fill(50);
  const before = saveTank(tank);
  const arrival = { kind: "import", record: out.record, side: "left", replaces: true } as const;
  expect(apply(tank, arrival)).toMatchObject({ kind: "rejected", reason: "tank_full" });
  expect(saveTank(tank)).toEqual(before);
});

test("a copy is born with an id of its tank, in the state of the other, which may be there", () => {
  const tank = run(tankOf(6, 30), 700);
  const [chosen] = selectMigrants(tank, {
    selection: "best",
    direction: "left",
    draws: [0],
    copies: true,
  });
  if (!chosen?.record) throw new Error("nobody is fit");
  const before = statsOf(tank);
  const { fishId, record } = chosen;
  const out = apply(tank, { kind: "import", record, side: "left", copy: true });
  if (out.kind !== "done" || out.entityId === undefined) throw new Error("not born");
  expect(out.entityId).not.toBe(fishId);
  const [original, copy] = [fishProfileOf(tank, fishId), fishProfileOf(tank, out.entityId)];
  expect(copy).toMatchObject({
    ...{ parent_ids: [fishId], origin: "asexual", born_tick: tank.tick, hops: 0, offspring: 0 },
    ...{ age: original?.age, energy: original?.energy, generation: original?.generation },
  });
  const after = statsOf(tank);
  expect(after.ledger).toEqual({ ...before.ledger, born: before.ledger.born + 1 });
  const { asexual } = before.births;
  expect(after.births).toEqual({ ...before.births, asexual: asexual + 1 });
  expect(claimedAlive(tank)).toBe(after.alive);
  expect(digest(loadTank(saveTank(tank)))).toBe(digest(tank));
  run(tank, 200);
});

test("a fish that is there already is refused, imported or restored", () => {
  const tank = run(tankOf(6, 30), 700);
  const { record } = exportOne(tank);
  expect(apply(tank, { kind: "restore", record }).kind).toBe("done");
  for (const command of [
    { kind: "restore", record },
    { kind: "import", record, side: "right" },
  ] satisfies Command[]) {
    expect(apply(tank, command)).toMatchObject({ kind: "rejected", reason: "duplicate_fish" });
  }
});

test("an own id that was never given out is refused", () => {
  // Both tanks have the same key, but the younger has not counted so far.
  const ahead = run(tankOf(8, 60), 700);
  const behind = tankOf(8, 1);
  const { record } = exportOne(ahead, 20);
  expect(apply(behind, { kind: "import", record, side: "left" })).toMatchObject({
    kind: "rejected",
    reason: "bad_record",
  });
});

test("a fish is restored only where it fits", () => {
  const { record } = [...Array(50).keys()]
    .map((pick) => exportOne(run(tankOf(3, 900), 1), pick))
    .find(({ record }) => new DataView(record.buffer).getFloat64(24, true) > 1088) ?? {
    record: new Uint8Array(),
  };
  const small = tankOf(3, 10, OTHER_KEY);
  expect(apply(small, { kind: "restore", record })).toMatchObject({ reason: "bad_record" });
  expect(apply(small, { kind: "import", record, side: "left" }).kind).toBe("done");
});

test.each<[Command, string]>([
  [{ kind: "export", entityId: "nobody", side: "left" }, "no_such_fish"],
  [{ kind: "export", entityId: "00000000000000a1-99999", side: "left" }, "no_such_fish"],
  [{ kind: "feed", portions: 0 }, "bad_command"],
  [{ kind: "feed", portions: 1.5 }, "bad_command"],
  [{ kind: "feed", portions: 1e6 }, "tank_full"],
  [{ kind: "spawn", fish: Number.NaN }, "bad_command"],
  [{ kind: "spawn", fish: 101 }, "tank_full"],
  [{ kind: "set_tick_rate", ticksPerSecond: -1 }, "bad_command"],
  [{ kind: "set_tick_rate", ticksPerSecond: Number.POSITIVE_INFINITY }, "bad_command"],
  [{ kind: "fast_forward", ticks: 0 }, "bad_command"],
  [{ kind: "fast_forward", ticks: 1.5 }, "bad_command"],
  [{ kind: "fast_forward", ticks: FAST_FORWARD_TICKS_MAX + 1 }, "bad_command"],
])("%j is refused as %s", (command, reason) => {
  expect(apply(tankOf(1, 10), command)).toMatchObject({ kind: "rejected", reason });
});

test("feeding and spawning add what they say", () => {
  const tank = tankOf(1, 10);
  const before = statsOf(tank);
  expect(apply(tank, { kind: "feed", portions: 20 })).toEqual({ kind: "done" });
  expect(apply(tank, { kind: "spawn", fish: 5 })).toEqual({ kind: "done" });
  const after = statsOf(tank);
  expect(after.ledger.spawned).toBe(5);
  expect(after.alive).toBe(15);
  expect(after.food).toBe(before.food + 20);
  step(tank);
});
