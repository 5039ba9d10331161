import { expect, test } from "bun:test";
import type { Tank } from "../../src/web/answers.ts";
import { tankFigures } from "../../src/web/figures.ts";

const TANK: Tank = {
  tank: { tank_id: "t", name: "Reef", tick: 5, status: "running" },
  fish_count: 40,
  food_count: 3,
  capacity: 100,
  max_generation: 2,
  diversity: 0.5,
  ticks_per_second: 29.96,
  plant_count: 13,
  ledger: { born: 1234 },
  deaths: { starvation: 9, predation: 2, old_age: 1 },
  poker_games: { fish: 7, plants: 4 },
};

const shown = (...args: Parameters<typeof tankFigures>) =>
  Object.fromEntries(tankFigures(...args).map(({ name, value }) => [name, value]));

test("the figures come from the last answer until a frame brings newer ones", () => {
  expect(shown(TANK, undefined)).toMatchObject({
    Fish: "40 / 100",
    Plants: "13",
    Born: "1,234",
    Starved: "9",
    Eaten: "2",
    "Old age": "1",
    Poker: "11",
    Light: "–",
    Pace: "30.0 /s",
  });
  const daylight = { time: 0.9, phase: "night", brightness: 0.4 };
  const figures = { alive: 41, born: 1235, plants: 14, poker_games: 12, predation: 3 };
  expect(shown(TANK, { tick: 6, figures, daylight })).toMatchObject({
    Fish: "41 / 100",
    Plants: "14",
    Born: "1,235",
    Eaten: "3",
    Poker: "12",
    Light: "night",
  });
});

test("a tank that stands still says so instead of its pace", () => {
  const paused = { ...TANK, tank: { ...TANK.tank, status: "paused" } };
  expect(shown(paused, undefined)["Pace"]).toBe("paused");
});
