import { describe, expect, test } from "bun:test";
import { Motion } from "../../src/web/motion.ts";
import {
  type Hello,
  readLooks,
  readPlants,
  readScene,
  type WireFrame,
} from "../../src/web/wire.ts";

const HELLO: Hello = {
  type: "hello",
  tank: { tank_id: "t", name: "Reef" },
  width: 100,
  height: 50,
  fields: {
    fish: ["hue", "fish_id", "x", "y", "vx", "vy", "size", "stage"],
    food: ["kind", "size", "x", "y"],
    crabs: ["sated", "x", "y", "vx", "size"],
    feeders: ["offering", "x", "y", "kind", "filled"],
    games: ["ago", "fish", "plants"],
    plants: ["nectar", "plant_id", "x", "y", "size"],
    stems: ["depth", "x1", "y1", "x2", "y2"],
  },
  stages: ["baby", "adult"],
  food_kinds: ["algae", "live"],
  feeder_kinds: ["reef", "grotto"],
  stem_parts: 200,
};
const NOON = { time: 0.5, phase: "day", brightness: 1 };

function frame(...fish: (readonly [string, number])[]): WireFrame {
  return {
    type: "frame",
    tick: 1,
    daylight: NOON,
    fish: fish.map(([id, x]) => [0.5, id, x, 10, 1, 0, 2, 1]),
    food: [[1, 0.6, 3, 4]],
    crabs: [[1, fish.length * 10, 542, -1.5, 1.1]],
    feeders: [[0, 30, 40, 1, 0.25]],
    games: [[4, [0, 7], ["p"]]],
  };
}

function motionOf(...scenes: (readonly [number, WireFrame])[]): Motion {
  const motion = new Motion(100);
  for (const [atMs, one] of scenes) motion.add(readScene(HELLO, one, atMs));
  return motion;
}

const places = (motion: Motion, nowMs: number) =>
  [...(motion.at(nowMs)?.fish.values() ?? [])].map(({ id, x }) => [id, x] as const);

test("a frame is read by the names that the hello gave its fields", () => {
  const scene = readScene(HELLO, frame(["a", 7]), 0);
  expect(scene.fish.get("a")).toEqual({
    id: "a",
    x: 7,
    y: 10,
    vx: 1,
    vy: 0,
    size: 2,
    hue: 0.5,
    stage: "adult",
  });
  expect(scene.food).toEqual([{ x: 3, y: 4, kind: "live", size: 0.6 }]);
  expect(scene.crabs).toEqual([{ x: 10, y: 542, vx: -1.5, size: 1.1, sated: true }]);
  expect(scene.feeders).toEqual([{ x: 30, y: 40, kind: "grotto", filled: 0.25, offering: false }]);
  expect(scene.daylight).toEqual(NOON);
  // Place 7 is nobody.
  expect(scene.games).toEqual([{ ago: 4, fishIds: ["a"], plantIds: ["p"] }]);
});

test("plants and their looks are read by names as well", () => {
  const plants = readPlants(HELLO, { type: "plants", plants: [[1, "p", 160, 612, 0.8]] });
  expect(plants).toEqual([{ id: "p", x: 160, y: 612, size: 0.8, nectar: true }]);
  const flower = { hue: 0.1, floral_hue: 0.2, floral_type: "bell", petals: 3, layers: 1, spin: 0 };
  const stems = [0, 0, 0, 20, 100, 2, 20, 100, -40, 200];
  const looks = readLooks(HELLO, { type: "looks", looks: [{ plant_id: "p", ...flower, stems }] });
  expect(looks).toEqual([
    {
      plant_id: "p",
      ...flower,
      stems: [
        { depth: 0, x1: 0, y1: 0, x2: 0.1, y2: 0.5 },
        { depth: 2, x1: 0.1, y1: 0.5, x2: -0.2, y2: 1 },
      ],
    },
  ]);
});

describe("motion", () => {
  test("is empty before the first frame and stands still with one", () => {
    expect(new Motion(100).at(5)).toBeUndefined();
    expect(places(motionOf([0, frame(["a", 1])]), 50)).toEqual([["a", 1]]);
  });

  test("shows what lies between two frames, a little late", () => {
    const motion = motionOf([1000, frame(["a", 0])], [1100, frame(["a", 10])]);
    expect(places(motion, 1050)).toEqual([["a", 0]]);
    expect(places(motion, 1150)).toEqual([["a", 5]]);
    expect(places(motion, 1200)).toEqual([["a", 10]]);
    expect(places(motion, 9000)).toEqual([["a", 10]]);
  });

  test("goes on to the next pair, and lets go of the past", () => {
    const motion = motionOf(
      [1000, frame(["a", 0])],
      [1100, frame(["a", 10])],
      [1200, frame(["a", 30])],
    );
    expect(places(motion, 1250)).toEqual([["a", 20]]);
    expect(places(motion, 1150)).toEqual([["a", 10]]);
  });

  test("crabs walk as well", () => {
    const motion = motionOf([1000, frame(["a", 0])], [1100, frame(["a", 0], ["b", 0])]);
    expect(motion.at(1150)?.crabs.map(({ x }) => x)).toEqual([15]);
  });

  test("the born appear and the dead go", () => {
    const motion = motionOf([1000, frame(["a", 0])], [1100, frame(["b", 4])]);
    expect(places(motion, 1150)).toEqual([["b", 4]]);
  });
});
