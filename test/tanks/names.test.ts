import { describe, expect, test } from "bun:test";
import { Problem } from "../../src/platform/errors.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { createTank, fork } from "../../src/sim/index.ts";
import type { TankRow } from "../../src/store/rows.ts";
import { captureOf } from "../../src/tanks/snapshots/captured-world.ts";
import { distinctlyNamed, freeName } from "../../src/tanks/tank-names.ts";
import type { ForkedWorld } from "../../src/tanks/tanks.ts";
import { Bench, gate, heldBack, plainControls, refusal } from "./harness.ts";
import { chronicleIn, travelIn } from "./past.ts";

const REEF = { name: "reef", description: "", seed: 7, fish: 5 };
const SPEC = { seed: 7, fish: 5, tankKey: "00000000000000aa" };

async function forkedReef(tankKey: string): Promise<ForkedWorld> {
  const state = captureOf(fork(createTank(SPEC), tankKey), 1, plainControls());
  return { ...REEF, state };
}

describe("a name", () => {
  test("gets the first number that is free", () => {
    expect(freeName("reef", new Set())).toBe("reef");
    expect(freeName("reef", new Set(["reef", "reef-2"]))).toBe("reef-3");
  });

  test("stays within its bound, and whole in its characters", () => {
    const long = "x".repeat(LIMITS.nameCharactersMax);
    expect(freeName(long, new Set([long]))).toHaveLength(LIMITS.nameCharactersMax);
    const fish = "🐟".repeat(LIMITS.nameCharactersMax / 2);
    const odd = `x${fish}`.slice(0, LIMITS.nameCharactersMax - 1);
    for (const name of [fish, odd]) {
      const other = freeName(name, new Set([name]));
      expect(other.isWellFormed()).toBe(true);
      expect(other.length).toBeLessThanOrEqual(LIMITS.nameCharactersMax);
    }
  });

  test("stays with the oldest of several tanks, and no new one takes that of another", () => {
    const rows = [
      [3, "reef"],
      [1, "reef"],
      [2, "reef-2"],
      [4, "reef"],
    ].map(([ordinal, name]) => ({ ordinal, name }) as TankRow);
    expect(distinctlyNamed(rows).map(({ ordinal, name }) => [ordinal, name])).toEqual([
      [1, "reef"],
      [2, "reef-2"],
      [3, "reef-3"],
      [4, "reef-4"],
    ]);
  });
});

describe("a tank with the name of another", () => {
  test("is refused, with a name that is free", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    await bench.settle(tanks.create(REEF));
    expect(await bench.settle(refusal(tanks.create(REEF)))).toBe("name_taken");
    expect(bench.settle(tanks.create(REEF))).rejects.toThrow("for example reef-2");
    expect(tanks.list()).toHaveLength(1);
  });

  test("is refused while that one is being created", async () => {
    const bench = new Bench();
    const commit = gate();
    let held = false;
    const tanks = bench.boot({}, (journal) => heldBack(journal, () => held, commit.opened));
    await bench.settle(tanks.start());
    held = true;
    const first = tanks.create(REEF);
    expect(await refusal(tanks.create(REEF))).toBe("name_taken");
    commit.open();
    expect((await bench.settle(first)).row.name).toBe("reef");
  });

  test("is created once it is removed, or could not be created", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    bench.store.setFault("disk full");
    expect(await bench.settle(refusal(tanks.create(REEF)))).toBe("storage_unavailable");
    bench.store.setFault(undefined);
    await bench.run(3000);
    const { row } = await bench.settle(tanks.create(REEF));
    await bench.settle(tanks.remove(row.tank_id));
    expect((await bench.settle(tanks.create(REEF))).row.name).toBe("reef");
  });

  test("is numbered when it comes from elsewhere, also several at once", async () => {
    const bench = new Bench();
    const tanks = await bench.start();
    await bench.settle(tanks.create(REEF));
    const adopted = [forkedReef, forkedReef].map((one) => tanks.adopt(one));
    const made = await bench.settle(Promise.all(adopted));
    expect(made.map(({ row }) => row.name).sort()).toEqual(["reef-2", "reef-3"]);
  });
});

describe("tanks of one name from an earlier build", () => {
  /** A disk with two tanks, both called reef. */
  async function twins(): Promise<Bench> {
    const bench = new Bench();
    const tanks = await bench.start();
    await bench.settle(tanks.create(REEF));
    const { row } = await bench.settle(tanks.create({ ...REEF, name: "other" }));
    await bench.run(2_000);
    bench.kill();
    await bench.store.journal.commit([{ put: "tank", row: { ...row, name: "reef" } }]);
    return bench;
  }

  const namesOf = async (bench: Bench) =>
    (await bench.store.journal.tanks()).map(({ name }) => name).sort();

  test("get distinct names at the next start, logged, with their worlds unchanged", async () => {
    const bench = await twins();
    const [, before] = (await bench.store.journal.tanks()).toSorted(
      (a, b) => a.ordinal - b.ordinal,
    );
    const tanks = await bench.start();
    const [first, second] = tanks.list();
    expect([first?.row.name, second?.row.name]).toEqual(["reef", "reef-2"]);
    expect(await namesOf(bench)).toEqual(["reef", "reef-2"]);
    const tank_id = second?.row.tank_id ?? "";
    expect(bench.said("tank renamed")).toEqual([{ tank_id, name: "reef-2", earlier_name: "reef" }]);
    expect(second?.row).toEqual({ ...before, name: "reef-2" } as TankRow);
    await bench.settle(tanks.submit(tank_id, { kind: "feed", portions: 2 }));
    await bench.settle(tanks.stop());
    bench.kill();
    const row = second?.row as TankRow;
    const { divergence } = await travelIn(bench, await chronicleIn({ bench, row }));
    expect(divergence).toBeUndefined();
    await bench.start();
    expect(bench.said("tank renamed")).toHaveLength(1);
  });

  test("have them also where the disk takes no writes", async () => {
    const bench = await twins();
    bench.store.setFault("disk full");
    const tanks = await bench.start();
    expect(tanks.list().map(({ row }) => row.name)).toEqual(["reef", "reef-2"]);
    expect(bench.said("tank names not stored")).toHaveLength(1);
    bench.kill();
    bench.store.setFault(undefined);
    await bench.start();
    expect(await namesOf(bench)).toEqual(["reef", "reef-2"]);
  });

  test("keep it on a fenced node, which writes nothing", async () => {
    const bench = await twins();
    const tanks = bench.boot();
    const { position } = bench.store.journal;
    tanks.fence(new Problem("directory_copied", "It is a copy."));
    await bench.settle(tanks.start());
    expect(await namesOf(bench)).toEqual(["reef", "reef"]);
    expect(bench.store.journal.position).toBe(position);
  });
});
