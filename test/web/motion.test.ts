import { describe, expect, test } from "bun:test";
import { type Hello, Motion, readScene, type WireFrame } from "../../src/web/motion.ts";

const HELLO: Hello = {
  type: "hello",
  tank: { tank_id: "t", name: "Reef" },
  width: 100,
  height: 50,
  fields: {
    fish: ["hue", "fish_id", "x", "y", "vx", "vy", "size", "stage"],
    food: ["kind", "x", "y"],
  },
  stages: ["baby", "adult"],
  food_kinds: ["algae", "live"],
};

function frame(...fish: (readonly [string, number])[]): WireFrame {
  const rows = fish.map(([id, x]) => [0.5, id, x, 10, 1, 0, 2, 1]);
  return { type: "frame", tick: 1, fish: rows, food: [[1, 3, 4]] };
}

function motionOf(...scenes: (readonly [number, WireFrame])[]): Motion {
  const motion = new Motion(100);
  for (const [atMs, one] of scenes) motion.add(readScene(HELLO, one, atMs));
  return motion;
}

const places = (motion: Motion, nowMs: number) =>
  motion.at(nowMs)?.fish.map(({ id, x }) => [id, x] as const);

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
  expect(scene.food).toEqual([{ x: 3, y: 4, kind: "live" }]);
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

  test("the born appear and the dead go", () => {
    const motion = motionOf([1000, frame(["a", 0])], [1100, frame(["b", 4])]);
    expect(places(motion, 1150)).toEqual([["b", 4]]);
  });
});
