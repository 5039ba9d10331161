import { expect, test } from "bun:test";
import {
  crabsOf,
  daylightAt,
  feedersOf,
  fishOf,
  fishProfileOf,
  foodOf,
  foodSizesOf,
  gamesOf,
  plantsOf,
  sceneOf,
  statsOf,
  step,
} from "../../src/sim/index.ts";
import { MEMORY, remember } from "../../src/sim/life/memory.ts";
import { tankOf } from "./scripts.ts";

function gamesPlayed(tank: ReturnType<typeof tankOf>): number {
  const { games } = statsOf(tank);
  return games.fish + games.plants;
}

test("a scene is everything that can be seen at its tick", () => {
  const tank = tankOf(3, 40);
  for (let i = 0; i < 700; i++) step(tank);
  const scene = sceneOf(tank);
  expect(scene).toMatchObject({ tick: 700, width: tank.width, height: tank.height });
  expect(scene.daylight).toEqual(daylightAt(700));
  expect(scene.fish).toEqual(fishOf(tank));
  expect(scene.plants).toEqual(plantsOf(tank));
  expect([...scene.crabs, ...scene.feeders]).toEqual([...crabsOf(tank), ...feedersOf(tank)]);
  expect(scene.food.map(([x, y, kind]) => [x, y, kind])).toEqual(foodOf(tank));
  expect(scene.food.map(([, , , size]) => size)).toEqual(foodSizesOf(tank));
});

test("a game is shown from the tick after it was played, with those who sat at it", () => {
  const tank = tankOf(4, 60);
  let seen = 0;
  for (let i = 0; i < 600; i++) {
    const before = gamesPlayed(tank);
    const records = new Map(
      fishOf(tank).map((one) => [one.fish_id, fishProfileOf(tank, one.fish_id)?.poker.games]),
    );
    step(tank);
    const fresh = gamesOf(tank).filter(({ ago }) => ago <= 1);
    const played = gamesPlayed(tank) - before;
    if (played === 0) expect(fresh).toEqual([]);
    expect(fresh.length).toBeLessThanOrEqual(played);
    for (const { fishIds, plantIds } of fresh) {
      expect(fishIds.length + plantIds.length).toBeGreaterThan(1);
      for (const id of fishIds) {
        expect(fishProfileOf(tank, id)?.poker.games).toBe((records.get(id) ?? 0) + 1);
      }
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(20);
});

test("fish and plants that sat at one table are shown at one", () => {
  const tank = tankOf(4, 60);
  let mixed = 0;
  for (let i = 0; i < 900; i++) {
    const before = statsOf(tank).games.plants;
    step(tank);
    const fresh = gamesOf(tank).filter(({ ago, plantIds }) => ago <= 1 && plantIds.length > 0);
    if (fresh.length > 0) expect(statsOf(tank).games.plants).toBeGreaterThan(before);
    mixed += fresh.length;
  }
  expect(mixed).toBeGreaterThan(5);
});

test("a profile tells ways, poker and memories of a living fish, and nothing of another", () => {
  const tank = tankOf(5, 1);
  const [fish] = fishOf(tank);
  const id = fish?.fish_id ?? "";
  tank.fish.niche[0] = (4 << 6) | (2 << 4) | (3 << 2) | 1;
  const age = tank.fish.age[0] as number;
  remember(tank.bodies, tank.fish.body[0] as number, MEMORY.food, 100, 100, age);
  remember(tank.bodies, tank.fish.body[0] as number, MEMORY.danger, 500, 100, age);
  expect(fishProfileOf(tank, id)).toMatchObject({
    ...fish,
    origin: "founder",
    behaviour: { food: "zigzag", threat: "freeze", poker: "aggressive", social: "loose" },
    poker: { games: 0, wins: 0, net_energy: 0 },
    memories: 2,
  });
  expect(fishProfileOf(tank, "0000000000000000-1")).toBeUndefined();
});
