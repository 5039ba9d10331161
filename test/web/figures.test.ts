import { expect, test } from "bun:test";
import type { Tank } from "../../src/web/answers.ts";
import { noticeOf, tankFigures } from "../../src/web/figures.ts";

const TANK: Tank = {
  tank: { tank_id: "t", name: "Reef", tick: 5, status: "running" },
  stopped_reason: null,
  tick_rate: 30,
  tick_lag: 0,
  skipped_ticks: 0,
  fast_forward_to: null,
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
    Tick: "5",
    Pace: "30.0 / 30",
    Lag: "0",
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

test("a tank that is paused or stopped shows that instead of its pace, and why", () => {
  const paused = { ...TANK, tank: { ...TANK.tank, status: "paused" } } as const;
  expect(shown(paused, undefined)["Pace"]).toBe("paused");
  expect(noticeOf(paused)).toBe("Paused at tick 5. To resume: tankd tank resume");
  const tank = { ...TANK.tank, status: "stopped" } as const;
  const stopped = { ...TANK, tank, stopped_reason: "its log has lost entries" };
  expect(noticeOf(stopped)).toBe("Stopped: its log has lost entries");
  expect(noticeOf(TANK)).toBeUndefined();
});

test("pace and lag of a tank that hurries, is hurried or is late", () => {
  const pace = (more: Partial<Tank>) => shown({ ...TANK, ...more }, undefined)["Pace"];
  expect(pace({ tick_rate: 0, ticks_per_second: 25_802.4 })).toBe("25,802 /s");
  expect(pace({ tick_rate: 60 })).toBe("30.0 / 60");
  expect(pace({ fast_forward_to: 108_000 })).toBe("→ 108,000");
  const late = tankFigures({ ...TANK, tick_lag: 12, skipped_ticks: 3400 }, undefined);
  expect(late.find(({ name }) => name === "Lag")).toEqual({
    name: "Lag",
    value: "12",
    detail: "Ticks behind its schedule; 3,400 were skipped",
  });
});

test("how far back the tank can be looked at is said in its own time, or in ticks", () => {
  const past = (more: Partial<Tank>) =>
    tankFigures({ ...TANK, ...more }, undefined).find(({ name }) => name === "Past");
  const tank = { ...TANK.tank, tick: 110_000 };
  expect(past({ tank, past_from_tick: 2000 })).toEqual({
    name: "Past",
    value: "60 min",
    detail: "Can be viewed back to tick 2,000",
  });
  expect(past({ tank, past_from_tick: 2000, tick_rate: 0 })?.value).toBe("108,000");
  expect(past({ past_from_tick: null })?.value).toBe("–");
  expect(past({})?.value).toBe("–");
});

test("the past has no pace", () => {
  const daylight = { time: 0.9, phase: "night", brightness: 0.4 };
  const news = { tick: 3, figures: { alive: 12 }, daylight, past: true };
  expect(shown(TANK, news)).toMatchObject({ Fish: "12 / 100", Tick: "3", Pace: "past" });
});
