import { expect, test } from "bun:test";
import { DRIVE } from "../../src/sim/behaviour/drive.ts";
import { GENE } from "../../src/sim/heredity/genes.ts";
import { fishOf, step } from "../../src/sim/index.ts";
import {
  bestPlace,
  isNear,
  MEMORY,
  type Memories,
  remember,
  strengthAt,
} from "../../src/sim/life/memory.ts";
import { MEMORY_CELLS, MEMORY_PLACES } from "../../src/sim/model.ts";
import type { Tank } from "../../src/sim/state/tank.ts";
import { feed, putCrab, putFood, quietTank, setGene } from "./lonely.ts";

function blank(): Memories {
  return {
    memoryX: new Float32Array(2 * MEMORY_CELLS),
    memoryY: new Float32Array(2 * MEMORY_CELLS),
    memoryStrength: new Float32Array(2 * MEMORY_CELLS),
    memoryAge: new Uint32Array(2 * MEMORY_CELLS),
  };
}

function placesOf(memories: Memories): number {
  return memories.memoryAge.filter((age) => age !== 0).length;
}

test("a place fades by 0.001 each ten ticks and is gone after 1,800", () => {
  expect(strengthAt(1, 101, 100)).toBe(1);
  expect(strengthAt(1, 101, 1_100)).toBeCloseTo(0.9, 9);
  expect(strengthAt(1, 101, 1_900)).toBeGreaterThan(0);
  expect(strengthAt(1, 101, 1_901)).toBe(0);
  expect(strengthAt(0.05, 101, 700)).toBe(0);
  expect(strengthAt(1, 0, 0)).toBe(0);
});

test("what lies within 50 px renews a place, what lies further is a new one", () => {
  const memories = blank();
  remember(memories, 1, MEMORY.food, 100, 100, 10);
  remember(memories, 1, MEMORY.food, 130, 100, 20);
  expect(placesOf(memories)).toBe(1);
  const cell = bestPlace(memories, 1, MEMORY.food, 0, 0, 20, 0.02);
  expect(memories.memoryX[cell]).toBe(115);
  expect(memories.memoryStrength[cell]).toBeGreaterThan(0.5);
  remember(memories, 1, MEMORY.food, 180, 100, 20);
  expect(placesOf(memories)).toBe(2);
  expect(bestPlace(memories, 1, MEMORY.danger, 0, 0, 20, 0.02)).toBe(-1);
  expect(bestPlace(memories, 0, MEMORY.food, 0, 0, 20, 0.02)).toBe(-1);
});

test("of many places the faintest is given up, and no other kind or fish is touched", () => {
  const memories = blank();
  remember(memories, 0, MEMORY.danger, 7, 7, 1);
  remember(memories, 1, MEMORY.danger, 7, 7, 1);
  for (let i = 0; i <= MEMORY_PLACES; i++) remember(memories, 0, MEMORY.food, 200 * i, 0, 10 * i);
  expect(placesOf(memories)).toBe(MEMORY_PLACES + 2);
  // The first is the oldest.
  expect(isNear(memories, 0, MEMORY.food, 0, 0, 50, 60)).toBe(false);
  expect(isNear(memories, 0, MEMORY.food, 200, 0, 50, 60)).toBe(true);
  expect(isNear(memories, 0, MEMORY.danger, 7, 7, 50, 60)).toBe(true);
});

test("a renewed place is never stronger than 1", () => {
  const memories = blank();
  for (let i = 0; i < 50; i++) remember(memories, 0, MEMORY.food, 0, 0, i);
  expect(Math.max(...memories.memoryStrength)).toBe(1);
});

/**
 * Ticks until a hungry fish far from a patch of food that it has or has not known eats there again.
 */
function ticksToFind(knows: boolean, seed: number): number {
  const tank = quietTank(1, 0, seed);
  setGene(tank, 0, GENE.urgency, 0.6);
  tank.fish.headingX[0] = seed % 2 === 0 ? 1 : -1;
  tank.fish.headingY[0] = 0;
  feed(tank, 0, 0.5);
  const body = tank.fish.body[0] as number;
  if (knows) remember(tank.bodies, body, MEMORY.food, 950, 400, 1_000);
  for (let ticks = 0; ticks < 1_500; ticks++) {
    if (tank.counters.food === 0) putFood(tank, 950, 400);
    tank.food.y[0] = 400;
    tank.food.vy[0] = 0;
    tank.fish.energy[0] = Math.max(30, tank.fish.energy[0] as number);
    step(tank);
    if (tank.scratch.drive[0] === DRIVE.resting) return ticks;
  }
  return 1_500;
}

test("a fish that remembers a patch of food finds it much faster than one that does not", () => {
  let knowing = 0;
  let ignorant = 0;
  for (let seed = 1; seed <= 12; seed++) {
    knowing += ticksToFind(true, seed);
    ignorant += ticksToFind(false, seed);
  }
  expect(knowing).toBeLessThan(0.6 * ignorant);
});

function heads(tank: Tank): number | undefined {
  step(tank);
  return tank.scratch.drive[0];
}

test("only the hungry go back to food, and nobody to where danger was", () => {
  const remembering = (ratio: number, danger: boolean) => {
    const tank = quietTank(1);
    setGene(tank, 0, GENE.urgency, 0.5);
    feed(tank, 0, ratio);
    const body = tank.fish.body[0] as number;
    remember(tank.bodies, body, MEMORY.food, 900, 300, 1_000);
    if (danger) remember(tank.bodies, body, MEMORY.danger, 860, 340, 1_000);
    return heads(tank);
  };
  expect(remembering(0.4, false)).toBe(DRIVE.recall);
  expect(remembering(0.6, false)).toBe(DRIVE.wander);
  expect(remembering(0.4, true)).toBe(DRIVE.wander);
});

test("a place that is reached in vain is forgotten", () => {
  const tank = quietTank(1);
  setGene(tank, 0, GENE.urgency, 0.6);
  remember(tank.bodies, tank.fish.body[0] as number, MEMORY.food, 560, 300, 1_000);
  expect(heads(tank)).toBe(DRIVE.recall);
  for (let i = 0; i < 60 && heads(tank) === DRIVE.recall; i++);
  expect(placesOf(tank.bodies)).toBe(0);
});

test("fish note where they eat, flee and mate", () => {
  const tank = quietTank(2, 40);
  for (const row of [0, 1]) feed(tank, row, 0.8);
  putFood(tank, 500, 300);
  step(tank);
  expect(fishOf(tank).length).toBe(3);
  const kinds = (row: number) =>
    Object.values(MEMORY).filter((kind) => {
      const body = tank.fish.body[row] as number;
      return bestPlace(tank.bodies, body, kind, 500, 300, 1_001, 0.02) >= 0;
    });
  expect(kinds(0)).toEqual([MEMORY.food, MEMORY.mate]);
  expect(kinds(1)).toEqual([MEMORY.mate]);
  expect(kinds(2)).toEqual([]);
  putCrab(tank, 540, 380);
  step(tank);
  expect(kinds(1)).toEqual([MEMORY.danger, MEMORY.mate]);
});

test("what a plant offers is noted as a feeder, and looked up before other food", () => {
  const tank = quietTank(1);
  setGene(tank, 0, GENE.urgency, 0.6);
  const body = tank.fish.body[0] as number;
  tank.counters.feeders = 1;
  tank.feeders.x[0] = 500;
  tank.feeders.y[0] = 300;
  tank.feeders.morsel[0] = 12;
  step(tank);
  expect(tank.scratch.drive[0]).toBe(DRIVE.resting);
  expect(isNear(tank.bodies, body, MEMORY.feeder, 500, 300, 1_001, 10)).toBe(true);
  expect(isNear(tank.bodies, body, MEMORY.food, 500, 300, 1_001, 10)).toBe(false);
  tank.feeders.morsel[0] = 0;
  tank.counters.feeders = 0;
  tank.fish.x[0] = 800;
  remember(tank.bodies, body, MEMORY.food, 900, 300, 1_001);
  expect(heads(tank)).toBe(DRIVE.recall);
  expect(tank.scratch.wishX[0]).toBeLessThan(0);
});

test("adults that are ready go where they mated before", () => {
  const tank = quietTank(1);
  feed(tank, 0, 0.9);
  remember(tank.bodies, tank.fish.body[0] as number, MEMORY.mate, 800, 300, 1_000);
  expect(heads(tank)).toBe(DRIVE.recall);
  tank.fish.age[0] = 700;
  expect(heads(tank)).toBe(DRIVE.wander);
});
