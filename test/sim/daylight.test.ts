import { expect, test } from "bun:test";
import { sineOfTurn } from "../../src/sim/approximations.ts";
import {
  activityAt,
  brightnessAt,
  daylightAt,
  detectionAt,
  phaseAt,
  sunHeight,
  timeOfDay,
} from "../../src/sim/habitat/daylight.ts";

const TIMES = Array.from({ length: 1_800 }, (_, tick) => tick / 1_800);

test("a day has 1,800 ticks and begins at midnight", () => {
  expect([0, 450, 900, 1_350, 1_800, 2_250].map(timeOfDay)).toEqual([0, 0.25, 0.5, 0.75, 0, 0.25]);
});

test("the sine that every machine computes alike is within 0.0011 of the real one", () => {
  for (let turn = -2; turn < 2; turn += 0.0007) {
    expect(Math.abs(sineOfTurn(turn) - Math.sin(2 * Math.PI * turn))).toBeLessThan(0.0011);
    expect(Math.abs(sineOfTurn(turn))).toBeLessThanOrEqual(1);
  }
  expect([0, 0.25, 0.5, 0.75].map(sunHeight)).toEqual([-1, 0, 1, 0]);
});

test("activity swings from 0.5 at midnight to 1 at noon, brightness from 0.4 to 1", () => {
  expect([0, 0.25, 0.5].map(activityAt)).toEqual([0.5, 0.75, 1]);
  expect([0, 0.25, 0.5].map(brightnessAt)).toEqual([0.4, 0.7, 1]);
  for (const time of TIMES) {
    expect(activityAt(time)).toBeCloseTo(0.75 + 0.25 * Math.sin(2 * Math.PI * (time - 0.25)), 3);
    expect(brightnessAt(time)).toBeGreaterThanOrEqual(0.4);
  }
});

test("food is seen at 0.55 by night, whole by day, linearly between", () => {
  const seen = [0, 0.19, 0.275, 0.35, 0.5, 0.65, 0.725, 0.81, 0.99].map(detectionAt);
  for (const [index, factor] of [0.55, 0.55, 0.775, 1, 1, 1, 0.775, 0.55, 0.55].entries()) {
    expect(seen[index]).toBeCloseTo(factor, 9);
  }
});

test("night, dawn, day and dusk follow each other", () => {
  expect([0.1, 0.2, 0.5, 0.7, 0.9].map(phaseAt)).toEqual(["night", "dawn", "day", "dusk", "night"]);
  expect(daylightAt(900)).toEqual({ time: 0.5, phase: "day", brightness: 1 });
});
